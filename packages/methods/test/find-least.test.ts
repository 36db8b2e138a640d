import t from 'tap';
import { findLeast } from '@lowbit/methods';

/** Errors of candidates, part by part, seeded; those near the middle are smaller. */
function makeErrors(seed: number, candidates: number, parts: number): number[][] {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: candidates }, (_, i) =>
    Array.from({ length: parts }, () => 1 + Math.abs(i - candidates / 2) / 10 + 0.2 * next()),
  );
}

function objectiveOf(errors: number[][]) {
  const calls: number[] = [];
  return {
    calls,
    parts: errors[0]?.length ?? 0,
    values: 1,
    // The candidate travels as a map of the size that is its number.
    error: async (weights: ReadonlyMap<unknown, unknown>, part: number): Promise<number> => {
      calls.push(weights.size);
      return errors[weights.size]?.[part] ?? NaN;
    },
  };
}

const weightsOf = async (candidate: number) =>
  new Map(Array.from({ length: candidate }, (_, i) => [{ i }, new Float32Array()])) as never;

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

t.test('the full search finds what measuring everything finds, with fewer measurements', async (t) => {
  let saved = 0;
  for (let seed = 1; seed <= 50; seed++) {
    const errors = makeErrors(seed, 20, 8);
    const objective = objectiveOf(errors);
    const found = await findLeast(objective, { search: 'full' }, 20, weightsOf);
    const sums = errors.map(sum);
    t.equal(found, sums.indexOf(Math.min(...sums)));
    saved += 20 * 8 - objective.calls.length;
  }
  t.ok(saved > 50 * 20, `${saved} of 8,000 measurements saved`);
});

t.test('halving lets the better half go on as the parts double, the last two to the end', async (t) => {
  const errors = makeErrors(7, 20, 16);
  const objective = objectiveOf(errors);
  const found = await findLeast(objective, { search: 'halving' }, 20, weightsOf);
  const best = (of: number[], parts: number, count: number): number[] => {
    const sum = (i: number): number => (errors[i] ?? []).slice(0, parts).reduce((a, b) => a + b, 0);
    return of.toSorted((a, b) => sum(a) - sum(b)).slice(0, count);
  };
  const all = errors.map((_, i) => i);
  const [ten, five] = [best(all, 1, 10), best(best(all, 1, 10), 2, 5)];
  const two = best(best(five, 4, 3), 8, 2);
  t.equal(found, best(two, 16, 1)[0]);
  t.same(new Set(objective.calls.slice(20, 30)), new Set(ten), 'all on one part, ten on the second');
  t.same(new Set(objective.calls.slice(30, 40)), new Set(five), 'five on the third and fourth');
  t.same(new Set(objective.calls.slice(50, 62)), new Set(best(five, 4, 3)), 'three on the fifth to eighth');
  t.ok(objective.calls.slice(62).every((candidate) => two.includes(candidate)));
});

t.test('of equals the first; what overflows is never the least', async (t) => {
  t.equal(
    await findLeast(
      objectiveOf([
        [2, 1],
        [1, 2],
        [1, 2],
      ]),
      { search: 'full' },
      3,
      weightsOf,
    ),
    0,
  );
  t.equal(
    await findLeast(
      objectiveOf([
        [NaN, 0],
        [5, 5],
      ]),
      { search: 'full' },
      2,
      weightsOf,
    ),
    1,
  );
});
