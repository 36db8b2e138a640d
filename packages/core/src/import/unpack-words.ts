/** Each row's `cols` fields of words that hold `32 div bits` of them, low bits first. */
export function unpackWords(words: Uint32Array, rows: number, cols: number, bits: number): Uint8Array {
  const perWord = Math.floor(32 / bits);
  const width = words.length / rows;
  const mask = 2 ** bits - 1;
  const fields = new Uint8Array(rows * cols);
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) {
      const word = words[row * width + Math.floor(col / perWord)] as number;
      fields[row * cols + col] = (word >>> (bits * (col % perWord))) & mask;
    }
  return fields;
}
