import type { Tokenizer } from '../model/tokenizer.js';

const bos = 256;
const eos = 257;

/** UTF-8 bytes as ids, `<s>` = 256 put before a text when asked for special tokens and `addsBos`, `</s>` = 257. */
export function createToyTokenizer(options: { addsBos?: boolean; hasBos?: boolean } = {}): Tokenizer {
  const { addsBos = false, hasBos = true } = options;
  const names = new Map([
    [bos, '<s>'],
    [eos, '</s>'],
  ]);
  return {
    encode(text, { special }) {
      const bytes = text.split('<s>').map((piece) => [...Buffer.from(piece)]);
      const ids = bytes.flatMap((piece, index) => (index === 0 ? piece : [bos, ...piece]));
      return Int32Array.from(special && addsBos ? [bos, ...ids] : ids);
    },
    decode: (ids, { special = true } = {}) =>
      Array.from(ids, (id) => (names.has(id) ? (special ? names.get(id) : '') : String.fromCharCode(id))).join(''),
    bosId: hasBos ? bos : undefined,
    eosId: eos,
    addsBos,
    vocabSize: 258,
    digest: `toy-bytes-${addsBos}-${hasBos}`,
  };
}
