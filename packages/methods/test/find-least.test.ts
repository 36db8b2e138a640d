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

for (const parts of [1, 2, 3, 8, 20])
  t.test(`halving, ${parts} parts: the best third goes on to three times as many`, async (t) => {
    const errors = makeErrors(7, 20, parts);
    const objective = objectiveOf(errors);
    const found = await findLeast(objective, { search: 'halving' }, 20, weightsOf);
    let running = errors.map((_, candidate) => candidate);
    const expected = [...running];
    for (let measured = 1; measured < parts && running.length > 1; measured = Math.min(3 * measured, parts)) {
      const sumOf = (candidate: number): number => sum(errors[candidate]?.slice(0, measured) ?? []);
      running = running.sort((a, b) => sumOf(a) - sumOf(b)).slice(0, Math.ceil(running.length / 3));
      if (running.length > 1)
        for (let part = measured; part < Math.min(3 * measured, parts); part++) expected.push(...running);
    }
    t.same(objective.calls, expected);
    t.ok(running.includes(found));
    const total = (candidate: number): number => sum(errors[candidate] ?? []);
    if (running.length > 1) t.ok(running.every((candidate) => total(found) <= total(candidate)));
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
