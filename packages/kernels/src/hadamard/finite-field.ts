/**
 * What the Paley matrices need of a finite field of odd order q = p^degree. An element is a number from 0 to q - 1 whose
 * digits to the base p are the coefficients of a polynomial, the constant one lowest.
 */
export interface FiniteField {
  order: number;
  subtract(a: number, b: number): number;
  /** at each element: 0 for zero, 1 for a square, -1 for the others */
  character: Int8Array;
}

/** `q = prime^degree` for q above 1, or undefined where it is no power of one prime. */
export function primePower(q: number): { prime: number; degree: number } | undefined {
  let prime = 2;
  while (q % prime !== 0) prime = prime * prime > q ? q : prime + 1;
  let degree = 0;
  let rest = q;
  for (; rest % prime === 0; rest /= prime) degree++;
  return rest === 1 ? { prime, degree } : undefined;
}

export function createField(prime: number, degree: number): FiniteField {
  const order = prime ** degree;
  /** `a + factor * b`, digit by digit */
  const addScaled = (a: number, b: number, factor: number): number => {
    let sum = 0;
    for (let place = 1; place < order; place *= prime) {
      const digit = (Math.floor(a / place) + factor * Math.floor(b / place)) % prime;
      sum += digit * place;
    }
    return sum;
  };
  const top = order / prime;
  /** `x * a`, where `x^degree` equals the polynomial `reduction` */
  const timesX = (a: number, reduction: number): number => addScaled((a % top) * prime, reduction, Math.floor(a / top));

  // The powers of x are all elements but zero for some reduction, and then the even powers are the squares.
  const character = new Int8Array(order);
  for (let reduction = 1; reduction < order; reduction++) {
    let element = 1;
    let power = 0;
    do {
      character[element] = power % 2 === 0 ? 1 : -1;
      element = timesX(element, reduction);
      power++;
    } while (element !== 1 && power < order);
    if (element === 1 && power === order - 1) break;
  }
  return { order, subtract: (a, b) => addScaled(a, b, prime - 1), character };
}
