/**
 * llama2.c's encoder, written from the description of its format: BOS, a leading space, the characters (unknown ones as
 * bytes, id = byte + 3), then joining, again and again, the adjacent pair whose joined text has the highest score, the
 * leftmost of equals. Quadratic in the length of the text: meant for one story at a time.
 */
export function encodeLlama2c(text: string, tokens: readonly { text: string; score: number }[]): number[] {
  const ids = new Map(tokens.map((token, id) => [token.text, id]));
  const encodeCharacter = (character: string) => {
    const id = ids.get(character);
    return id === undefined ? [...Buffer.from(character, 'utf8')].map((byte) => byte + 3) : [id];
  };
  const sequence = text === '' ? [] : [...` ${text}`].flatMap(encodeCharacter);
  for (;;) {
    let best = { score: -Infinity, id: -1, at: -1 };
    for (let at = 0; at + 1 < sequence.length; at++) {
      const id = ids.get(textOf(sequence[at]) + textOf(sequence[at + 1]));
      if (id !== undefined && scoreOf(id) > best.score) best = { score: scoreOf(id), id, at };
    }
    if (best.at < 0) return [1, ...sequence];
    sequence.splice(best.at, 2, best.id);
  }

  function textOf(id: number | undefined): string {
    return tokens[id ?? -1]?.text ?? '';
  }
  function scoreOf(id: number): number {
    return tokens[id]?.score ?? -Infinity;
  }
}
