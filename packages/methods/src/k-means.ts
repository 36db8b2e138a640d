/** A distribution over the real line: ascending points with positive weights. */
export interface WeightedPoints {
  points: Float64Array;
  weights: Float64Array;
}

/**
 * Centres of the k-means clustering of weighted numbers with the least sum of weighted squared distances, ascending; at
 * most as many as there are points. On a line a cluster is a run of neighbours, so that dynamic programming finds the
 * optimum itself (Wang and Song 2011) and no seed matters; the first point of the last cluster moves on with the last
 * point, which gives O(count * n log n).
 */
export function kMeans({ points, weights }: WeightedPoints, count: number): Float64Array {
  const n = points.length;
  const clusters = Math.min(count, n);
  const [mass, first, second] = [new Float64Array(n + 1), new Float64Array(n + 1), new Float64Array(n + 1)];
  for (let i = 0; i < n; i++) {
    const [x, w] = [at(points, i), at(weights, i)];
    mass[i + 1] = at(mass, i) + w;
    first[i + 1] = at(first, i) + w * x;
    second[i + 1] = at(second, i) + w * x * x;
  }
  /** Inertia of the points from .. to - 1 around their mean. */
  const inertia = (from: number, to: number): number => {
    const sum = at(first, to) - at(first, from);
    return at(second, to) - at(second, from) - (sum * sum) / (at(mass, to) - at(mass, from));
  };
  /** Least inertia of the first `to` points in so many clusters, and where the last of these begins. */
  let least = Float64Array.from({ length: n + 1 }, (_, to) => (to === 0 ? 0 : inertia(0, to)));
  const starts = [new Int32Array(n + 1)];
  for (let k = 2; k <= clusters; k++) {
    const [better, start] = [new Float64Array(n + 1).fill(Infinity), new Int32Array(n + 1)];
    const solve = (low: number, high: number, from: number, until: number): void => {
      if (low > high) return;
      const to = (low + high) >> 1;
      for (let i = Math.max(from, k - 1); i <= Math.min(until, to - 1); i++) {
        const total = at(least, i) + inertia(i, to);
        if (total < at(better, to)) [better[to], start[to]] = [total, i];
      }
      solve(low, to - 1, from, at(start, to));
      solve(to + 1, high, at(start, to), until);
    };
    solve(k, n, k - 1, n - 1);
    least = better;
    starts.push(start);
  }
  const centres = new Float64Array(clusters);
  for (let k = clusters, to = n; k > 0; k--) {
    const from = at(starts[k - 1] as Int32Array, to);
    centres[k - 1] = (at(first, to) - at(first, from)) / (at(mass, to) - at(mass, from));
    to = from;
  }
  return centres;
}

function at(array: Float64Array | Int32Array, index: number): number {
  return array[index] as number;
}
