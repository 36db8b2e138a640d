import { createField, primePower, type FiniteField } from './finite-field.js';
import { createSignMatrix, type SignMatrix } from './sign-matrix.js';

/**
 * Paley's constructions (J. Math. Phys. 12, 1933): order q + 1 for a prime power q = 3 mod 4, order 2 (q + 1) for one
 * that is 1 mod 4. Returns undefined where neither gives this order.
 */
export function paley(order: number): SignMatrix | undefined {
  const first = fieldOf(order - 1, 3);
  if (first) return createSignMatrix(order, (row, column) => (row === column ? 1 : conference(first, row, column)));
  const second = fieldOf(order / 2 - 1, 1);
  if (!second) return undefined;
  return createSignMatrix(order, (row, column) => {
    const [i, j, oddRow, oddColumn] = [row >> 1, column >> 1, row & 1, column & 1];
    // I (x) [1 -1; -1 -1] + C (x) [1 1; 1 -1]
    if (i === j) return oddRow || oddColumn ? -1 : 1;
    return conference(second, i, j) * (oddRow && oddColumn ? -1 : 1);
  });
}

function fieldOf(q: number, remainder: number): FiniteField | undefined {
  const power = q % 4 === remainder ? primePower(q) : undefined;
  return power && createField(power.prime, power.degree);
}

/**
 * Entries off the diagonal of the matrix of order q + 1 whose rows are orthogonal: skew for q = 3 mod 4, else symmetric.
 */
function conference({ order, subtract, character }: FiniteField, row: number, column: number): number {
  if (row === 0) return 1;
  if (column === 0) return order % 4 === 3 ? -1 : 1;
  return character[subtract(row - 1, column - 1)]!;
}
