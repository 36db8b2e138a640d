import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { encodeRequests, openArtifact, openDataFolder, openReferenceHead, openSubject, readRun } from '@lowbit/core';
import type { Divergence, Subject } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { textTasks } from '@lowbit/tasks';
import { callLowbit } from './call-lowbit.js';
import { model } from './run-lowbit.js';

t.setTimeout(240_000);

// The heads are float32 on both sides; KL by the graph has an absolute error of about 1e-7 a token by its rounding of
// probabilities, and the reference here as much by the rounding of the losses that it sums.
const tolerance = 1e-6;
const text =
  'Once upon a time there was a fox. It had a red hat. One day the hat was lost. "Where is it?" said the fox. '.repeat(
    3,
  );
const recipes = [
  'float',
  { name: 'head', recipe: 'rtn(bits=4,head=true,embeddings=true)' },
  { name: 'rotated', recipe: 'quarot+rtn(bits=4)' },
];
const kernels = await loadKernels();
const folder = t.testdir({ 'note.txt': text });
const open = (path: string): Promise<Subject> =>
  openSubject(path, { kernels, device: { name: 'cpu', threads: 1 }, workFolder: join(folder, 'decoded') });

/** ln p of every token of the vocabulary after each of the first tokens, from losses alone. */
async function distributions({ scorer }: Subject, ids: Int32Array): Promise<Float64Array[]> {
  const length = ids.length - 1;
  const pairs = Array.from({ length: length * scorer.vocabSize }, (_, i) => i);
  const [scores] = await scorer.scorePacks([
    {
      ids: ids.slice(0, length),
      positions: Int32Array.from({ length }, (_, i) => i),
      ends: new Int32Array(length).fill(length),
      rows: Int32Array.of(0, length),
      sources: Int32Array.from(pairs, (i) => Math.floor(i / scorer.vocabSize)),
      targets: Int32Array.from(pairs, (i) => i % scorer.vocabSize),
    },
  ]);
  const nll = scores?.nll ?? new Float32Array(0);
  return Array.from({ length }, (_, row) =>
    Float64Array.from(nll.subarray(row * scorer.vocabSize, (row + 1) * scorer.vocabSize), (loss) => -loss),
  );
}

const largest = (row: Float64Array): number => row.indexOf(Math.max(...row));

t.test('kl and agreement of a run are those of the full distributions in float64', async (t) => {
  const name = `text_llama:${join(folder, 'note.txt')}`;
  const experiment = {
    name: 'distance',
    models: [model],
    tasks: [
      { name, window: 32, windows: 3 },
      { name: 'story_continuation', limit: 4 },
    ],
    data: model,
  };
  const file = join(folder, 'experiment.json');
  const run = join(folder, 'run');
  // The second time float is there already, and only its states are made again.
  for (const some of [recipes.slice(0, 2), recipes]) {
    await writeFile(file, JSON.stringify({ ...experiment, recipes: some }));
    const { status, stderr } = await callLowbit(t, ['run', file, '-o', run]);
    t.equal(status, 0, stderr);
  }
  const { cells } = await readRun(run);
  t.equal(cells.length, 6);
  const task = textTasks['text_llama']?.(join(folder, 'note.txt'));
  const requests = (await task?.documents(openDataFolder(model))) as Parameters<typeof encodeRequests>[0];
  const float = await open(model);
  const tokenizer = await float.tokenizer();
  const encoded = encodeRequests(requests, { tokenizer, contextLength: 512, window: 32, maxWindows: 3 });
  const sequences = encoded.flatMap((each) => each.sequences);
  const p = await Promise.all(sequences.map(({ ids }) => distributions(float, ids)));
  await float.release();
  for (const recipe of ['head', 'rotated']) {
    const cell = cells.find((each) => each.recipe === recipe && each.task === name);
    const subject = await open(await findArtifact(run, recipe));
    const q = await Promise.all(sequences.map(({ ids }) => distributions(subject, ids)));
    await subject.release();
    const tokens = sequences.flatMap(({ scoredFrom }, i) =>
      (p[i] ?? []).slice(scoredFrom - 1).map((row, j) => [row, q[i]?.[scoredFrom - 1 + j] ?? row] as const),
    );
    t.equal(tokens.length, 3 * 15);
    const kl = tokens.map(([a, b]) => a.reduce((sum, lnP, k) => sum + Math.exp(lnP) * (lnP - (b[k] as number)), 0));
    const value = (metric: string): number => cell?.rows.find((row) => row.metric === metric)?.value ?? NaN;
    const mean = kl.reduce((sum, each) => sum + each, 0) / kl.length;
    t.ok(mean > 0.01 && Math.abs(value('kl') - mean) < tolerance, `${recipe}: ${value('kl')} and ${mean}`);
    t.ok(Math.abs(value('klMax') - Math.max(...kl)) < 10 * tolerance, `${value('klMax')} and ${Math.max(...kl)}`);
    const agreeing = tokens.filter(([a, b]) => largest(a) === largest(b)).length;
    t.equal(value('top1Agreement'), agreeing / kl.length);
    const { low = NaN, perDecade = NaN, counts = [] } = cell?.klHistogram ?? {};
    for (const edge of [1, 9, 17, 25, 33, 41, 49, 57]) {
      const at = low * 10 ** ((edge - 1) / perDecade);
      const above = counts.slice(edge).reduce((sum, count) => sum + count, 0);
      const [most, least] = [-tolerance, tolerance].map((by) => kl.filter((each) => each >= at + by).length);
      t.ok(above <= (most ?? NaN) && above >= (least ?? NaN), `${above} tokens from ${at}`);
    }
    t.equal(
      counts.reduce((sum, count) => sum + count, 0),
      kl.length,
    );
    const answers = cells.find((each) => each.recipe === recipe && each.task === 'story_continuation')?.rows;
    t.match(
      answers?.map(({ metric }) => metric),
      ['acc', 'accNorm', 'flips', 'targetLogprobDelta'],
    );
  }
  t.match(
    cells.filter(({ recipe }) => recipe === 'float').map(({ rows }) => rows.map(({ metric }) => metric)),
    [['perplexity'], ['acc', 'accNorm']],
  );
});

t.test(
  'float against its own states is 0 to the last bit, and its losses are those without a comparison',
  async (t) => {
    const float = await open(model);
    t.teardown(() => float.release());
    const sequences = [5, 40, 40, 300].map((length) =>
      Int32Array.from({ length }, (_, i) => (i * i * 31 + i * 17) % 500),
    );
    const scoredFrom = [1, 20, 1, 150];
    const states: Float32Array[] = [];
    const plain = await float.scorer.scoreSequences(sequences, undefined, {
      scoredFrom,
      keep: async (i, values) => void (states[i] = values.slice()),
    });
    const found: Divergence[] = [];
    const again = await float.scorer.scoreSequences(sequences, undefined, {
      scoredFrom,
      compare: {
        head: await openReferenceHead(model, kernels),
        states: async (i) => states[i] as Float32Array,
        found: (i, divergence) => (found[i] = divergence),
      },
    });
    t.strictSame(again, plain);
    t.strictSame(
      plain.map(({ length }) => length),
      [4, 20, 39, 150],
    );
    const whole = await float.scorer.scoreSequences(sequences);
    for (const [i, nll] of plain.entries())
      t.ok(nll.every((loss, j) => Math.abs(loss - (whole[i]?.[(scoredFrom[i] ?? 1) - 1 + j] ?? NaN)) < 1e-5));
    t.ok(found.every(({ kl, agrees }) => kl.every((each) => each === 0) && agrees.every((each) => each === 1)));
  },
);

async function findArtifact(run: string, recipe: string): Promise<string> {
  for (const name of await readdir(join(run, 'artifacts'))) {
    const artifact = join(run, 'artifacts', name);
    if ((await openArtifact(artifact)).record.recipe.name === recipe) return artifact;
  }
  throw new Error(`There is no artifact of ${recipe}.`);
}
