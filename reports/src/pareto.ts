/** A recipe in the plane of what it costs and what it scores. */
export interface Candidate {
  recipe: string;
  /** Bits, or seconds: less is better. */
  x: number;
  y: number;
}

/**
 * `front`: nothing measured is as cheap and as good, and better in one of the two. `open`: something is, but no test tells
 * their scores apart, so that it may belong to the front. `dominated`: neither.
 */
export type Standing = 'front' | 'open' | 'dominated';

/** Where each candidate stands, in their order. `isTold` says whether two scores differ; undefined where that was not tested. */
export function rankPareto(
  candidates: readonly Candidate[],
  higherIsBetter: boolean,
  isTold: (one: string, other: string) => boolean | undefined,
): Standing[] {
  const better = (a: number, b: number): boolean => (higherIsBetter ? a > b : a < b);
  return candidates.map((one) => {
    const above = candidates.filter(
      (other) => other.x <= one.x && !better(one.y, other.y) && (other.x < one.x || better(other.y, one.y)),
    );
    if (above.length === 0) return 'front';
    return above.every((other) => isTold(one.recipe, other.recipe) === false) ? 'open' : 'dominated';
  });
}
