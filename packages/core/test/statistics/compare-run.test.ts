import { comparisonOf, compareRun, type CellResult, type Manifest, type PairComparison } from '@lowbit/core';
import t from 'tap';

const windowed = { test: 'bootstrap', each: 'window', scale: 'perplexity' } as const;
const byToken = { test: 'bootstrap', score: 'logprob', weight: 'tokens', scale: 'perplexity' } as const;

interface Lines {
  [recipe: string]: object[];
}

/** A run of one model and one task with one metric; the rows' values follow from the lines by `value`. */
function makeRun(metric: object, lines: Lines, value: (lines: object[]) => number) {
  const recipes = Object.keys(lines).map((name) => ({ name, steps: name === 'float' ? [] : [{}], bits: undefined }));
  const keys = recipes.map(({ name }) => ({ digest: name, model: 'm', recipe: name, task: 'one' }));
  const cells = keys.map((key) => ({
    ...key,
    status: 'done',
    rows: [{ metric: 'score', value: value(lines[key.recipe] ?? []), protocol: 'p' }],
    counts: { documents: lines[key.recipe]?.length, tokenSha256: 'same' },
  }));
  const tasks = [{ name: 'one', metrics: [{ name: 'score', ...metric }] }];
  const manifest = { models: [{ name: 'm' }], recipes, tasks, cells: keys };
  const read = async (digest: string): Promise<string | undefined> =>
    lines[digest]?.map((line) => `${JSON.stringify(line)}\n`).join('');
  return { run: { manifest: manifest as unknown as Manifest, cells: cells as unknown as CellResult[] }, read };
}

const answers = (wrong: number[], n = 40): object[] =>
  Array.from({ length: n }, (_, i) => ({ doc_id: i, score: Number(!wrong.includes(i)) }));
const share = (lines: object[]): number =>
  lines.reduce((sum, line) => sum + (line as { score: number }).score, 0) / lines.length;
const mcnemar = { comparison: { test: 'mcnemar' } };

t.test('right and wrong answers: McNemar against float and each other, Holm over all three', async (t) => {
  const lines = { a: answers([1, 2]), float: answers([]), b: answers([1, 2, 3, 4, 5, 6, 7, 8, 9]) };
  const { run, read } = makeRun(mcnemar, lines, share);
  const { pairs, intervals } = await compareRun('', run, { read });
  t.match(
    pairs.map(({ recipe, against, isBaseline, result }) => [recipe, against, isBaseline, result?.discordant]),
    [
      ['a', 'float', true, [0, 2]],
      ['b', 'a', false, [0, 7]],
      ['b', 'float', true, [0, 9]],
    ],
  );
  // 2 * 2^-2, 2 * 2^-7, 2 * 2^-9; the smallest times three, the next times two.
  for (const [i, [p, adjusted]] of [
    [0.5, 0.5],
    [0.015625, 0.03125],
    [0.00390625, 0.01171875],
  ].entries()) {
    const { result } = pairs[i] as PairComparison;
    t.equal(result?.family, 3);
    // Binomial terms come from logarithms of factorials.
    t.ok(Math.abs((result?.p ?? 0) / (p as number) - 1) < 1e-12, `${result?.p}`);
    t.ok(Math.abs((result?.adjustedP ?? 0) / (adjusted as number) - 1) < 1e-12, `${result?.adjustedP}`);
  }
  t.equal(pairs[2]?.result?.difference, -9 / 40);
  // scipy 1.17.1: binomtest(38, 40).proportion_ci()
  t.ok(Math.abs((intervals[0]?.low ?? 0) - 0.8308031360405823) < 1e-12, `${intervals[0]?.low}`);
  const named = await compareRun('', run, { read, baseline: 'b' });
  t.same(
    named.pairs.filter(({ isBaseline }) => isBaseline).map(({ recipe, against }) => [recipe, against]),
    [
      ['a', 'b'],
      ['float', 'b'],
    ],
  );
});

t.test('perplexities are compared by their ratio, windows and documents alike', async (t) => {
  const losses = Array.from({ length: 30 }, (_, i) => 3 + Math.sin(i));
  const worse = losses.map((loss, i) => loss + 0.1 + 0.02 * Math.sin(5 * i));
  const mean = (list: number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;
  const { run, read } = makeRun(
    { comparison: windowed },
    { float: [{ doc_id: 0, resps: [[losses]] }], a: [{ doc_id: 0, resps: [[worse]] }] },
    ([line]) => Math.exp(mean((line as { resps: number[][][] }).resps[0]?.[0] ?? [])),
  );
  const { pairs, intervals } = await compareRun('', run, { read });
  const result = pairs[0]?.result;
  const ratio = Math.exp(mean(worse) - mean(losses));
  t.ok(Math.abs((result?.difference ?? 0) - (ratio - 1)) < 1e-12, `${result?.difference}`);
  t.match(result, { scale: 'relative', test: 'bootstrap', n: 30, p: 0.0001 });
  t.ok((result?.low ?? 0) > 0.09 && (result?.high ?? 1) < 0.12, `${result?.low} to ${result?.high}`);
  t.match(intervals[0], { interval: 'bootstrap', value: Math.exp(mean(losses)) });
  const again = await compareRun('', run, { read });
  t.same(again.pairs, pairs, 'the same seed gives the same');
  // The same losses as documents of 1 to 3 tokens.
  const toDocuments = (list: number[]): object[] =>
    list.map((loss, i) => ({ doc_id: i, logprob: -loss * (1 + (i % 3)), tokens: 1 + (i % 3) }));
  const documents = makeRun({ comparison: byToken }, { float: toDocuments(losses), a: toDocuments(worse) }, (list) => {
    const column = (key: 'logprob' | 'tokens'): number[] =>
      list.map((line) => (line as Record<typeof key, number>)[key]);
    return Math.exp(-mean(column('logprob')) / mean(column('tokens')));
  });
  const weighted = await compareRun('', documents.run, { read: documents.read });
  t.ok((weighted.pairs[0]?.result?.low ?? 0) > 0.08, `${weighted.pairs[0]?.reason}`);
});

t.test('what cannot be compared says why', async (t) => {
  const reasonOf = async (change: (a: CellResult, lines: Lines) => void): Promise<string | undefined> => {
    const lines: Lines = { float: answers([]), a: answers([1]) };
    const { run, read } = makeRun(mcnemar, lines, share);
    change(run.cells[1] as CellResult, lines);
    const { pairs }: { pairs: PairComparison[] } = await compareRun('', run, { read });
    t.equal(pairs[0]?.result, undefined);
    return pairs[0]?.reason;
  };
  const row = ({ rows }: CellResult) => rows[0] ?? t.fail();
  t.equal(await reasonOf((a) => Object.assign(a.counts, { tokenSha256: 'x' })), 'different token ids were scored');
  t.equal(await reasonOf((a) => Object.assign(row(a), { protocol: 'q' })), 'protocols differ (q, p)');
  t.equal(await reasonOf((a) => Object.assign(a.counts, { documents: 9 })), 'numbers of documents differ (9, 40)');
  t.equal(await reasonOf((_, lines) => delete lines['a']), 'a: it has no samples');
  t.equal(await reasonOf((a) => Object.assign(row(a), { value: 0.5 })), 'a: its samples give 0.975, not its figure');
  t.equal(await reasonOf((a) => Object.assign(row(a), { value: null })), 'a: its figure is not finite');
  t.equal(await reasonOf((a) => Object.assign(a, { rows: [] })), 'a: it has no such figure');
  const other = (_: CellResult, lines: Lines) => Object.assign(lines['a']?.[3] ?? {}, { doc_id: 77 });
  t.equal(await reasonOf(other), 'samples are of different documents');
  const broken = (_: CellResult, lines: Lines) => Object.assign(lines['a']?.[3] ?? {}, { score: 'none' });
  t.equal(await reasonOf(broken), 'a: its samples have no score');
  const half = (_: CellResult, lines: Lines) => Object.assign(lines['a']?.[3] ?? {}, { score: 0.5 });
  t.equal(await reasonOf(half), 'a: its scores are not all 0 or 1');
});

t.test('a metric says its test, or its name does', async (t) => {
  t.equal(comparisonOf({ name: 'accNorm' }).test, 'mcnemar');
  t.equal(comparisonOf({ name: 'mine' }).test, 'bootstrap');
  t.equal(comparisonOf({ name: 'acc', comparison: { test: 'sign' } }).test, 'sign');
});
