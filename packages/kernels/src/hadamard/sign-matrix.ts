/** A square matrix of 1 and -1. */
export interface SignMatrix {
  order: number;
  /** order x order, row-major */
  signs: Int8Array;
}

export function createSignMatrix(order: number, signAt: (row: number, column: number) => number): SignMatrix {
  const signs = new Int8Array(order * order);
  for (let row = 0; row < order; row++) {
    for (let column = 0; column < order; column++) signs[row * order + column] = signAt(row, column);
  }
  return { order, signs };
}

/** Sylvester's matrix, in natural order: the sign is the parity of the bits that row and column share. */
export function sylvester(order: number): SignMatrix {
  return createSignMatrix(order, (row, column) => {
    let shared = row & column;
    let sign = 1;
    for (; shared > 0; shared &= shared - 1) sign = -sign;
    return sign;
  });
}
