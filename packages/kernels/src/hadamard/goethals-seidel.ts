import { createSignMatrix, type SignMatrix } from './sign-matrix.js';

/**
 * Four sequences of signs of length order / 4 whose periodic autocorrelations add up to zero at every shift, for the
 * orders that Paley's matrices and their doubles miss: all of those up to 256, and 428 (intermediate size 13696 of GLM-4).
 */
const SEQUENCES: ReadonlyMap<number, readonly string[]> = new Map([
  // Baumert, Golomb and Hall 1962; symmetric (Williamson)
  [92, ['++---+---+-++-+---+---+', '+-++-++--++++++--++-++-', '+++---++-+-++-+-++---++', '+++-+++-+------+-+++-++']],
  // Baumert 1966; symmetric
  [
    116,
    [
      '+++---++--+-+----+-+--++---++',
      '+-+---++--+-++++++-+--++---+-',
      '++++-++-+---++++++---+-++-+++',
      '++--+--+-+++-++++-+++-+--+--+',
    ],
  ],
  // Baumert and Hall 1965; symmetric
  [
    156,
    [
      '+++--+-+-----+--++----++--+-----+-+--++',
      '+++--++-+---+-+--+----+--+-+---+-++--++',
      '++++---+--++----+-+--+-+----++--+---+++',
      '+---++-+-+-----+++-++-+++-----+-+-++---',
    ],
  ],
  // Williamson 1944; symmetric
  [
    172,
    [
      '++---++++-+--+--++--------++--+--+-++++---+',
      '+++-+-++--+-+-++++-+----+-++++-+-+--++-+-++',
      '++-++++++----+-+--++-++-++--+-+----++++++-+',
      '+---++--++++-+-+++-++--++-+++-+-++++--++---',
    ],
  ],
  // from Turyn-type sequences of length 16, as listed by Best, Dokovic, Kharaghani and Ramp 2013
  [
    188,
    [
      '++++--+-+-+-++--++++--++-+-+--+++++++--++--++++',
      '----++-+-+-+--++++++--++-+-+--+++++--+--+-----+',
      '----++-+-+-+--++----++--+-+-++-++++++--++--++++',
      '----++-+-+-+--++++++--++-+-+--+----++-++-+++++-',
    ],
  ],
  // from Turyn-type sequences of length 20, same list
  [
    236,
    [
      '++++-+----++--+--++-++++-+++---+-++-+--+++++--+++--+-+-+-++',
      '----+-++++--++-++--+++++-+++---+-++-+--++++++-+-++--+++-+-+',
      '----+-++++--++-++--+----+---+++-+--+-+++++++--+++--+-+-+-++',
      '----+-++++--++-++--+++++-+++---+-++-+--------+-+--++---+-+-',
    ],
  ],
  // from Turyn-type sequences of length 36, Kharaghani and Tayfeh-Rezaie 2005
  [
    428,
    [
      '+-+++++-+--++++-+++-++--+++-+--+---++++-+-----++--+-+++--+-+-+++-++++-++++----++-+-+-----++++-++-++++----+-',
      '-+-----+-++----+---+--++---+-++-+++-+++-+-----++--+-+++--+-+-+++-++++-++-+++++--+-+--+--++--++++-++++---++-',
      '-+-----+-++----+---+--++---+-++-+++----+-+++++--++-+---++-+-+---+----+-+++----++-+-+-----++++-++-++++----+-',
      '-+-----+-++----+---+--++---+-++-+++-+++-+-----++--+-+++--+-+-+++-++++-+-+-----++-+-++-++--++----+----+++--+',
    ],
  ],
]);

/**
 * The array of Goethals and Seidel (1967) over four circulant blocks and R, the reversal of columns:
 * `[A BR CR DR; -BR A D'R -C'R; -CR -D'R A B'R; -DR C'R -B'R A]`. Returns undefined for an order without sequences.
 */
export function goethalsSeidel(order: number): SignMatrix | undefined {
  const sequences = SEQUENCES.get(order);
  if (!sequences) return undefined;
  const length = order / 4;
  return createSignMatrix(order, (row, column) => {
    const [blockRow, blockColumn] = [Math.floor(row / length), Math.floor(column / length)];
    const [i, j] = [row % length, column % length];
    // Which of the four stands in a block: row and column by exclusive or.
    const sequence = sequences[blockRow ^ blockColumn]!;
    if (blockRow === blockColumn) return signOf(sequence, j - i);
    if (blockRow === 0) return signOf(sequence, -1 - i - j);
    if (blockColumn === 0) return -signOf(sequence, -1 - i - j);
    const sign = (blockColumn - blockRow + 3) % 3 === 1 ? 1 : -1;
    return sign * signOf(sequence, i + j + 1);
  });
}

function signOf(sequence: string, place: number): number {
  const { length } = sequence;
  return sequence[(place + 2 * length) % length] === '+' ? 1 : -1;
}
