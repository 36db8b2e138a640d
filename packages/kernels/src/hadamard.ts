import { checkWhole } from './checks.js';
import type { RotationFactor } from './contract.js';
import { goethalsSeidel } from './hadamard/goethals-seidel.js';
import { paley } from './hadamard/paley.js';
import { sylvester, type SignMatrix } from './hadamard/sign-matrix.js';

/** Greatest power of two in one factor: a product with it costs a multiplication for each of its rows. */
const GREATEST_SYLVESTER = 128;
/** Up to it every multiple of 4 has a matrix; a larger one is built only where smaller ones do not multiply to the order. */
const USUAL_ORDER = 256;
/** 8 MiB as float64. */
const GREATEST_ORDER = 1024;

/**
 * Orthonormal factors whose Kronecker product is a Hadamard matrix of order n, divided by sqrt(n): `rotate` with them is
 * the transform (methods.md 5.3). The first is the smallest order K = odd part x 2^j that can be built (several, where
 * the odd part has none up to 256 but a product has), the rest Sylvester's, so the vector is seen as [K, 2^a, 2^b ..].
 * The Sylvester part has as few factors of at most 128 as possible, of nearly equal size.
 *
 * Throws a RangeError where n has no matrix here. Every power of two times a multiple of 4 up to 256 has one.
 */
export function hadamardFactors(n: number): RotationFactor[] {
  checkWhole('order', n, 1);
  const factors = findFactors(n);
  if (!factors) throw noHadamard(n);
  return factors.map(({ order, signs }) => {
    const root = Math.sqrt(order);
    return { size: order, matrix: Float64Array.from(signs, (sign) => sign / root) };
  });
}

export function hasHadamard(n: number): boolean {
  return Number.isInteger(n) && n > 0 && findFactors(n) !== undefined;
}

function findFactors(n: number): SignMatrix[] | undefined {
  if (oddPart(n) === 1) return sylvesterFactors(n);
  return singleOddFactor(n, USUAL_ORDER) ?? severalOddFactors(n) ?? singleOddFactor(n, GREATEST_ORDER);
}

function oddPart(n: number): number {
  let odd = n;
  while (odd % 2 === 0) odd /= 2;
  return odd;
}

/** Of a power of two below 2^32, exactly. */
function exponentOf(n: number): number {
  return 31 - Math.clz32(n);
}

/** A power of two, the larger factors first. */
function sylvesterFactors(n: number): SignMatrix[] {
  const exponent = exponentOf(n);
  const count = Math.max(1, Math.ceil(exponent / exponentOf(GREATEST_SYLVESTER)));
  return Array.from({ length: count }, (_, i) => sylvester(2 ** Math.ceil((exponent - i) / count)));
}

/** The smallest matrix that takes the whole odd part of n, then powers of two. */
function singleOddFactor(n: number, greatest: number): SignMatrix[] | undefined {
  for (let order = 4 * oddPart(n); order <= greatest && n % order === 0; order *= 2) {
    const matrix = paley(order) ?? goethalsSeidel(order);
    if (matrix) return order === n ? [matrix] : [matrix, ...sylvesterFactors(n / order)];
  }
  return undefined;
}

/** The odd part as a product: 29568 = 12 x 28 x 44 x 2. */
function severalOddFactors(n: number): SignMatrix[] | undefined {
  const odd = oddPart(n);
  for (let part = 3; part * part <= odd; part += 2) {
    if (odd % part !== 0) continue;
    for (let order = 4 * part; order <= USUAL_ORDER && n % order === 0; order *= 2) {
      const matrix = paley(order) ?? goethalsSeidel(order);
      const rest = matrix && findFactors(n / order);
      if (rest) return [matrix, ...rest];
    }
  }
  return undefined;
}

function noHadamard(n: number): RangeError {
  const odd = oddPart(n);
  let order = 4 * odd;
  while (order < GREATEST_ORDER * odd && !hasHadamard(order)) order *= 2;
  const known = hasHadamard(order)
    ? `with the odd part ${odd} there are ${order} x 1, 2, 4, 8 ..`
    : `with the odd part ${odd} none is known here`;
  return new RangeError(
    `no Hadamard matrix of order ${n} can be built: ${known}; every multiple of 4 up to ${USUAL_ORDER} has one, times any ` +
      `power of two`,
  );
}
