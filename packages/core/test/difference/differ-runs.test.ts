import { differRuns } from '@lowbit/core';
import type { DifferenceOptions, RowVerdict } from '@lowbit/core';
import t from 'tap';
import { answers, losses, makeRun } from './make-pair.js';
import type { RunSpec } from './make-pair.js';

async function differ(before: RunSpec, after: RunSpec, options: DifferenceOptions = {}): Promise<RowVerdict[]> {
  const { rows } = await differRuns(makeRun(before, 'before'), makeRun(after, 'after'), options);
  return rows;
}

/** One figure in both. */
function pair(
  metric: string,
  [before, after]: [number | null, number | null],
  options: DifferenceOptions = {},
  change: { before?: Partial<RunSpec>; after?: Partial<RunSpec> } = {},
): Promise<RowVerdict[]> {
  const spec = (value: number | null): RunSpec => ({ cells: [{ values: { [metric]: value } }] });
  return differ({ ...spec(before), ...change.before }, { ...spec(after), ...change.after }, options);
}

t.test('a cell of the same digest was not computed again', async (t) => {
  const cells = [{ digest: 'd', values: { acc: 0.5, kl: 0.1, perplexity: null } }];
  const rows = await differ({ cells }, { cells });
  t.match(rows, [
    { metric: 'acc', verdict: 'same', test: 'digest', difference: { value: 0 } },
    { metric: 'kl', verdict: 'same', test: 'digest' },
    { metric: 'perplexity', verdict: 'same', test: 'digest', before: undefined, after: undefined },
  ]);
  const [moved] = await differ({ cells }, { cells: [{ digest: 'd', values: { kl: 0.2 } }] });
  t.match(moved, { verdict: 'worse', reason: 'the same cell gave another figure' });
});

t.test('deterministic figures: a millionth, and the sign beyond', async (t) => {
  t.match(await pair('kl', [0.1, 0.1 * (1 + 9e-7)]), [{ verdict: 'same', test: 'tolerance', tolerance: 1e-6 }]);
  t.match(await pair('kl', [0.1, 0.1 * (1 + 2e-6)]), [{ verdict: 'worse', test: 'tolerance' }]);
  t.match(await pair('kl', [0.1, 0.1 * (1 - 2e-6)]), [{ verdict: 'improved' }]);
  t.match(await pair('top1Agreement', [0.9, 0.8]), [{ verdict: 'worse', difference: { scale: 'absolute' } }]);
  t.match(await pair('kl', [0, 5e-10]), [{ verdict: 'same' }], 'nothing is relative to 0');
  const tolerances = { metrics: { kl: 0.01 } };
  t.match(await pair('kl', [0.1, 0.1005], { tolerances }), [{ verdict: 'same', tolerance: 0.01 }]);
  t.match(await pair('kl', [0.1, 0.102], { tolerances }), [{ verdict: 'worse' }]);
});

t.test('a perplexity shows by how much, with the interval of its documents', async (t) => {
  const list = Array.from({ length: 20 }, (_, i) => 3 + Math.sin(i));
  const [a, b] = [losses(list), losses(list.map((loss, i) => loss + 0.01 + 0.005 * Math.cos(i)))];
  const [row] = await differ(
    { cells: [{ values: { perplexity: a.perplexity }, samples: a.samples }] },
    { cells: [{ values: { perplexity: b.perplexity }, samples: b.samples }] },
  );
  t.match(row, { verdict: 'worse', test: 'tolerance', difference: { scale: 'relative' } });
  t.ok(Math.abs((row?.difference?.value ?? 0) - (b.perplexity / a.perplexity - 1)) < 1e-12);
  const { low = 0, value = 0, high = 0 } = row?.difference ?? {};
  t.ok(low < value && value < high, `${low} < ${value} < ${high}`);
});

t.test('other arithmetic: a paired test decides on a perplexity', async (t) => {
  const base = Array.from({ length: 30 }, (_, i) => 3 + Math.sin(i));
  const noisy = base.map((loss, i) => loss + 1e-3 * Math.sin(7 * i + 1));
  const worse = noisy.map((loss) => loss + 2e-3);
  const spec = (list: number[], processor: string): RunSpec => {
    const { samples, perplexity } = losses(list);
    return { cells: [{ values: { perplexity }, samples }], environment: { processor } };
  };
  t.match(await differ(spec(base, 'p'), spec(noisy, 'p')), [{ test: 'tolerance', verdict: /worse|improved/ }]);
  t.match(await differ(spec(base, 'p'), spec(noisy, 'q')), [{ test: 'bootstrap', verdict: 'same' }]);
  const [told] = await differ(spec(base, 'p'), spec(worse, 'q'));
  t.match(told, { test: 'bootstrap', verdict: 'worse', reason: undefined });
  t.ok((told?.adjustedP ?? 1) < 0.05);
  const elsewhere = { after: { environment: { onnxruntime: '2' } } };
  const distance = async (metric: string, values: [number, number]): Promise<string | undefined> => {
    const [row] = await pair(metric, values, {}, elsewhere);
    t.match(row, { test: 'tolerance', reason: 'computed with other arithmetic' });
    return row?.verdict;
  };
  t.equal(await distance('kl', [0.1, 0.103]), 'same');
  t.equal(await distance('kl', [0.1, 0.11]), 'worse');
  t.equal(await distance('klMax', [4, 5.5]), 'same');
  t.equal(await distance('flips', [0.1, 0.3]), 'same', 'two of ten');
  t.equal(await distance('flips', [0.1, 0.4]), 'improved', 'by what the row says of its direction');
  t.equal(await distance('targetLogprobDelta', [0.001, -0.004]), 'same');
});

t.test('answers: McNemar, Holm over the difference, and what changed is said', async (t) => {
  const acc = (samples: object[]): number => samples.reduce((sum, line) => sum + (line as { acc: number }).acc, 0) / 40;
  const cell = (recipe: string, wrong: number[]) => {
    const samples = answers(wrong);
    return { recipe, values: { acc: acc(samples) }, samples };
  };
  const rows = await differ(
    { cells: [cell('equal', [1]), cell('few', [1]), cell('many', []), cell('better', [1, 2, 3, 4, 5, 6, 7, 8, 9])] },
    {
      cells: [cell('equal', [1]), cell('few', [2, 3]), cell('many', [1, 2, 3, 4, 5, 6, 7, 8]), cell('better', [])],
    },
  );
  t.match(rows, [
    { recipe: 'equal', verdict: 'same', test: 'mcnemar', adjustedP: undefined, reason: undefined },
    { recipe: 'few', verdict: 'same', reason: /^3 of 40 documents changed, 1 for the better/ },
    { recipe: 'many', verdict: 'worse', reason: undefined, difference: { scale: 'absolute', value: -0.2 } },
    { recipe: 'better', verdict: 'improved' },
  ]);
  // Three tests, for equal answers are none: 2^-7 twice and 2^-8 three times, never falling.
  const expected = [1, 2 * 2 ** -7, 3 * 2 ** -8];
  for (const [i, p] of expected.entries())
    t.ok(Math.abs((rows[i + 1]?.adjustedP ?? NaN) - p) < 1e-12, `${rows[i + 1]?.adjustedP}`);
  const [lost] = await differ({ cells: [{ values: { acc: 0.5 } }] }, { cells: [{ values: { acc: 0.6 } }] });
  t.match(lost, { verdict: 'incomparable', reason: 'of the earlier run it has no samples' });
});

t.test('the probability of right answers moves before the answers do', async (t) => {
  const spec = (target: number): RunSpec => ({ cells: [{ values: { acc: 1 }, samples: answers([], 40, target) }] });
  const rows = await differ(spec(-1), spec(-1.001));
  t.match(rows, [
    { metric: 'acc', verdict: 'same' },
    { metric: 'targetLogprob', verdict: 'worse', test: 'tolerance', before: -20.5, higherIsBetter: true },
  ]);
  t.match((await differ(spec(-1), spec(-1)))[1], { metric: 'targetLogprob', verdict: 'same' });
});

t.test('measurements: a ratio on the same machine, nothing on another', async (t) => {
  t.match(await pair('decodeRate', [100, 91.5]), [{ verdict: 'same', measured: true, tolerance: 0.1 }]);
  t.match(await pair('decodeRate', [100, 90]), [{ verdict: 'worse', difference: { scale: 'relative' } }]);
  t.match(await pair('timeToFirstToken', [1, 0.8]), [{ verdict: 'improved' }]);
  t.match(await pair('timeToFirstToken', [1, 1.2], { tolerances: { measured: 0.25 } }), [{ verdict: 'same' }]);
  t.match(await pair('decodeRate', [100, 50], {}, { after: { environment: { cores: 64 } } }), [
    { verdict: 'incomparable', reason: /machines/ },
  ]);
});

t.test('what must not be compared says why', async (t) => {
  const both = async (after: Partial<RunSpec>, cell: object = {}): Promise<string | undefined> => {
    const [row] = await differ(
      { cells: [{ values: { kl: 1 } }] },
      { cells: [{ values: { kl: 1 }, ...cell }], ...after },
    );
    t.equal(row?.verdict, 'incomparable');
    t.match(row, { before: 1, after: 1, difference: undefined });
    return row?.reason;
  };
  t.equal(await both({ task: { version: '2' } }), 'task versions differ (1, 2)');
  t.equal(await both({ task: { limit: 5 } }), 'limits differ (none, 5)');
  t.equal(await both({ task: { fewShot: 5 } }), 'numbers of worked examples differ (0, 5)');
  t.equal(await both({ task: { chatTemplate: 'multi-turn' } }), 'chat templates are not used alike');
  t.equal(await both({ task: { files: [{ path: 'data.txt', sha256: 'other' }] } }), 'data.txt is another file');
  t.equal(await both({}, { row: { protocol: 'q' } }), 'protocols differ (none, q)');
  t.equal(await both({}, { counts: { documents: 9 } }), 'numbers of documents differ (1, 9)');
  t.equal(await both({}, { counts: { tokenSha256: 'x' } }), 'different token ids were scored');
});

t.test('figures that are not finite', async (t) => {
  t.match(await pair('kl', [1, null]), [{ verdict: 'worse', after: undefined, reason: 'its figure is not finite' }]);
  t.match(await pair('kl', [null, 1]), [{ verdict: 'improved', reason: 'the earlier figure is not finite' }]);
  t.match(await pair('kl', [NaN, Infinity]), [{ verdict: 'incomparable', reason: 'neither figure is finite' }]);
});

t.test('cells that fail, come, go or wait', async (t) => {
  const done = { values: { kl: 1 } };
  const failed = { status: 'failed' as const };
  t.match(await differ({ cells: [done] }, { cells: [failed] }), [
    { verdict: 'failed', metric: 'kl', before: 1, after: undefined, reason: 'METHOD_FAILED: It fell over.' },
  ]);
  t.match(await differ({ cells: [failed] }, { cells: [failed] }), [{ verdict: 'failed', metric: '' }]);
  t.match(await differ({ cells: [failed] }, { cells: [done] }), [
    { verdict: 'new', reason: 'it failed in the earlier run' },
  ]);
  t.match(await differ({ cells: [done] }, { cells: [undefined] }), [
    { verdict: 'incomparable', before: 1, reason: 'the later run has no result yet' },
  ]);
  t.match(await differ({ cells: [undefined] }, { cells: [done] }), [
    { verdict: 'new', reason: 'the earlier run has no result yet' },
  ]);
  t.same(await differ({ cells: [undefined] }, { cells: [undefined] }), []);
  const one = { ...done, recipe: 'one' };
  const two = { ...done, recipe: 'two' };
  t.match(
    (await differ({ cells: [one, done] }, { cells: [done, two] })).map(({ recipe, verdict }) => [recipe, verdict]),
    [
      ['r', 'same'],
      ['two', 'new'],
      ['one', 'gone'],
    ],
  );
  t.match(await differ({ cells: [done] }, { cells: [{ values: { flips: 0 } }] }), [
    { metric: 'flips', verdict: 'new' },
    { metric: 'kl', verdict: 'gone' },
  ]);
});

t.test('options out of range', async (t) => {
  await t.rejects(pair('kl', [1, 1], { level: 95 }), { code: 'USAGE' });
  await t.rejects(pair('kl', [1, 1], { tolerances: { metrics: { kl: -1 } } }), { code: 'USAGE' });
  await t.rejects(differRuns(t.testdir(), t.testdirName), { code: 'RUN_UNREADABLE' });
});
