/**
 * Holm's step-down adjustment of the p values of a family (Holm 1979), in their order. Calling different what has an
 * adjusted p below a level makes any false call in the family at most that likely, however the tests depend on each other.
 */
export function adjustHolm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((i, j) => (ps[i] as number) - (ps[j] as number));
  const adjusted = new Array<number>(ps.length);
  let least = 0;
  order.forEach((i, rank) => {
    least = Math.max(least, Math.min(1, (ps.length - rank) * (ps[i] as number)));
    adjusted[i] = least;
  });
  return adjusted;
}
