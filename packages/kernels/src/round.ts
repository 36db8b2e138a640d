/** Rounds to the nearest integer, ties to the even one, as torch and IEEE 754 do (`Math.round` takes ties up). */
export function roundHalfEven(x: number): number {
  const rounded = Math.round(x);
  const tie = Math.abs(x % 1) === 0.5;
  return tie && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
