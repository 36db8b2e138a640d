import { buildResultTables, collectNotes, collectTaskFacts, summarise, type RunData } from '@lowbit/reports';
import t from 'tap';
import { failCell, findCell, makeRunData } from './fixtures/run-data.js';

function finding(run: RunData): string {
  return buildResultTables(run).map(summarise).join('\n');
}

function notes(run: RunData): [string, string][] {
  const tables = buildResultTables(run);
  return collectNotes(run, tables, collectTaskFacts(run, tables)).map(({ kind, text }) => [kind, text]);
}

function setPerplexity(run: RunData, recipe: string, value: number, stderr: number | undefined): void {
  Object.assign(findCell(run, recipe, 'wikitext2').rows[0] ?? {}, { value, stderr });
}

function keep(run: RunData, ...recipes: string[]): void {
  run.cells = run.cells.filter((cell) => recipes.includes(cell.recipe));
}

t.test('the sentence names float, and the lowest of each width with its runner-up', async (t) => {
  const run = makeRunData();
  const values: [string, number][] = [
    ['float', 20],
    ['gptq-w4-g64', 21],
    ['rtn-w4-g64', 24],
    ['gptq-w3-g64', 30],
    ['rtn-w3-g64', 30.05],
    ['gptq-w2-g64', 900],
    ['rtn-w2-g64', 900],
  ];
  for (const [recipe, value] of values) setPerplexity(run, recipe, value, 0.1);
  t.equal(
    finding(run),
    'tiny-llama, wikitext2 perplexity: float 20.00; ' +
      'at 4 bits the lowest of 2 is 21.00 with gptq-w4-g64 (rtn-w4-g64 has 24.00); ' +
      'at 3 bits the lowest of 2 is 30.00 with gptq-w3-g64 (rtn-w3-g64 has 30.05, within two standard errors); ' +
      'at 2 bits 900.00 with gptq-w2-g64, and rtn-w2-g64 the same.',
  );
});

t.test('without float, with one recipe, and without named bits', async (t) => {
  const run = makeRunData();
  setPerplexity(run, 'rtn-w4-g64', 24, undefined);
  keep(run, 'rtn-w4-g64');
  t.equal(finding(run), 'tiny-llama, wikitext2 perplexity: no float figure; at 4 bits 24.00 with rtn-w4-g64.');
  for (const recipe of run.manifest.recipes) recipe.bits = undefined;
  t.match(finding(run), 'without named bits 24.00 with rtn-w4-g64.');
});

t.test('an accuracy speaks where there is no perplexity, and the highest wins', async (t) => {
  const run = makeRunData();
  run.cells = run.cells.filter((cell) => cell.task === 'piqa' && cell.recipe.includes('w4'));
  Object.assign(findCell(run, 'gptq-w4-g64', 'piqa').rows[0] ?? {}, { value: 0.5, stderr: 0.01 });
  Object.assign(findCell(run, 'rtn-w4-g64', 'piqa').rows[0] ?? {}, { value: 0.6, stderr: 0.01 });
  t.match(finding(run), 'piqa acc in percent: no float figure; at 4 bits the highest of 2 is 60.00 with rtn-w4-g64');
});

t.test('no figure at all', async (t) => {
  const run = makeRunData();
  keep(run, 'nothing');
  t.equal(finding(run), 'No cell of tiny-llama has a figure yet.');
});

t.test('notes: what a reader must see before the figures', async (t) => {
  const run = makeRunData();
  t.same(notes(run), [
    ['note', 'The perplexity text is part of what the model was trained on (in-sample).'],
    [
      'fallback',
      'gptq-w2-g64: 1 of 14 layers not treated as asked (model.layers.1.mlp.down_proj: rounded: the Cholesky factorisation failed at a damping of 0.1).',
    ],
  ]);
  run.manifest.notes = [];
  run.manifest.environment.kernels.implementation = 'reference';
  for (const task of run.manifest.tasks) if (task.name === 'piqa') task.limit = 1000;
  findCell(run, 'rtn-w3-g64', 'arc_easy').counts.tokenSha256 = 'other';
  for (const layer of findCell(run, 'gptq-w2-g64', 'wikitext2').layers) layer.fallback = 'rounded';
  failCell(run, 'rtn-w2-g64', 'piqa', 'No.');
  failCell(run, 'rtn-w2-g64', 'arc_easy', 'No.');
  run.cells = run.cells.filter((cell) => cell.recipe !== 'float' || cell.task !== 'piqa');
  t.same(notes(run), [
    ['note', 'The TypeScript reference kernels did the quantization; the native kernels were not there.'],
    ['note', 'Limited, so not comparable with published figures: piqa to its first 1,000.'],
    ['failed', 'The cells of arc_easy on tiny-llama scored different token ids; do not compare their figures.'],
    [
      'fallback',
      'gptq-w2-g64: 14 of 14 layers not treated as asked (model.layers.0.self_attn.q_proj: rounded and others).',
    ],
    ['missing', '1 of 21 planned cells have no result yet; start the run again to finish them.'],
    ['failed', 'rtn-w2-g64 on arc_easy, piqa: No. [METHOD_FAILED]'],
  ]);
});

t.test('notes of several models name theirs; a plan without float says so; a note is not said twice', async (t) => {
  const run = makeRunData({ models: ['one', 'two'] });
  run.manifest.notes = ['Made with the reference kernels.'];
  run.manifest.environment.kernels.implementation = 'reference';
  run.manifest.cells = run.manifest.cells.filter((key) => key.recipe !== 'float' && key.recipe !== 'gptq-w2-g64');
  const float = 'The float model is not part of the plan, so there are no differences to it.';
  t.same(notes(run), [
    ['note', 'Made with the reference kernels.'],
    ['note', `one: ${float}`],
    ['note', `two: ${float}`],
  ]);
});
