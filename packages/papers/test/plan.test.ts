import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadKernels, Registry } from '@lowbit/core';
import type { CellResult, Row, Task } from '@lowbit/core';
import { assembleReproduction, findTable, planReproduction } from '@lowbit/papers';
import type { PaperTable, PlanOptions } from '@lowbit/papers';
import { locateModel } from '../src/locate.js';

const registry = new Registry();
const task = (name: string, files: string[]): Task =>
  ({ name, version: '1', description: '', source: '', metrics: [{ name: 'perplexity' }], files }) as unknown as Task;
registry.add({
  tasks: [task('wikitext2', ['wikitext2/wiki.test.raw']), task('c4', ['c4/c4-validation.00000-of-00008.json'])],
});
const kernels = await loadKernels();

function write(folder: string, names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
}

t.test('a model is found by its id, by its name, and in the layout of the hub', async (t) => {
  const root = t.testdir();
  const files = ['config.json', 'model.safetensors'];
  const hub = 'models--facebook--opt-350m';
  write(root, [
    ...files.map((file) => `facebook/opt-125m/${file}`),
    ...files.map((file) => `opt-1.3b/${file}`),
    ...files.flatMap((file) => [`${hub}/snapshots/aaa/${file}`, `${hub}/snapshots/bbb/${file}`]),
    'facebook/opt-2.7b/config.json',
    'facebook/opt-2.7b/pytorch_model.bin',
  ]);
  mkdirSync(join(root, hub, 'refs'));
  writeFileSync(join(root, hub, 'refs', 'main'), 'bbb\n');
  const find = (id: string) => locateModel(id, [join(root, 'elsewhere'), root]);
  t.same(await find('facebook/opt-125m'), { path: join(root, 'facebook/opt-125m') });
  t.same(await find('facebook/opt-1.3b'), { path: join(root, 'opt-1.3b') });
  t.same(await find('facebook/opt-350m'), { path: join(root, hub, 'snapshots', 'bbb') });
  t.match(await find('facebook/opt-2.7b'), { reason: /has no safetensors/ });
  t.match(await find('facebook/opt-6.7b'), { reason: /not there/, isAbsent: true });
});

t.test('a copy that cannot be used hides none in a later folder, and is not listed as missing', async (t) => {
  const root = t.testdir();
  const [first, second] = [join(root, 'first'), join(root, 'second')];
  const torch = ['config.json', 'pytorch_model.bin'].map((file) => `opt-125m/${file}`);
  write(first, torch);
  write(second, ['opt-125m/config.json', 'opt-125m/model.safetensors']);
  t.same(await locateModel('facebook/opt-125m', [first, second]), { path: join(second, 'opt-125m') });
  const plan = await planReproduction(findTable('gptq-t3'), optionsIn(first));
  const { rows, missing } = assembleReproduction(plan, [], registry, undefined);
  t.match(rows.find(({ model }) => model === 'facebook/opt-125m')?.reason, /has no safetensors/);
  const models = missing.filter(({ kind }) => kind === 'model').map(({ name }) => name);
  t.notOk(models.includes('facebook/opt-125m'));
  t.ok(models.includes('facebook/opt-350m'));
});

function optionsIn(folder: string, ...patterns: string[]): PlanOptions {
  return { places: { roots: [folder], embedded: {}, data: join(folder, 'data') }, registry, kernels, patterns };
}

t.test('rows whose model or data are absent stay, with what would have to be there', async (t) => {
  const root = t.testdir();
  write(root, ['facebook/opt-125m/config.json', 'facebook/opt-125m/model.safetensors']);
  const table = findTable('gptq-t3');
  const plan = await planReproduction(table, optionsIn(root));
  t.equal(plan.rows.length, table.rows.length);
  t.equal(plan.runs.length, 0);
  const { rows, missing } = assembleReproduction(plan, [], registry, undefined);
  t.same(new Set(rows.map(({ verdict }) => verdict)), new Set(['not run']));
  t.equal(rows[0]?.reason, 'wikitext2/wiki.test.raw not in the data folder');
  t.match(rows.find(({ method }) => method === 'GPTQ, 4 bits')?.reason, 'calib/c4.utf8');
  t.match(rows[1]?.reason, /model is not there/);
  t.equal(missing.find(({ name }) => name === 'facebook/opt-350m')?.bytes, 2 * 331_196_416);
  t.notOk(missing.some(({ name }) => name === 'facebook/opt-125m'));
  t.equal(missing.find(({ name }) => name === 'wikitext2/wiki.test.raw')?.bytes, 1_290_590);
  t.same(
    missing.filter(({ kind }) => kind === 'data').map(({ name }) => name),
    ['wikitext2/wiki.test.raw', 'calib/c4.utf8'],
  );
});

t.test('runs are grouped so that no cell is computed that no row asks for', async (t) => {
  const root = t.testdir();
  const models = ['7b', '13b', '70b'].flatMap((size) =>
    ['config.json', 'model.safetensors'].map((file) => `Llama-2-${size}-hf/${file}`),
  );
  const data = ['wikitext2/wiki.test.raw', 'c4/c4-validation.00000-of-00008.json', 'calib/c4.utf8'];
  write(root, [...models, ...data.map((file) => `data/${file}`)]);
  const plan = await planReproduction(findTable('sliderquant'), optionsIn(root));
  const runs = plan.runs.filter(({ folder }) => folder.startsWith('meta-llama--Llama-2-7b-hf/'));
  t.same(
    runs.map(({ folder, experiment: { recipes, tasks, calibration } }) => [
      folder.split('/')[1],
      recipes.map(({ name }) => name),
      tasks.map(({ name }) => name),
      calibration?.kind,
    ]),
    [
      ['uncalibrated-c4', ['float'], ['c4'], undefined],
      ['c4-128x2048-wikitext2', ['gptq-paper-w4'], ['wikitext2'], 'c4'],
      ['c4-128x512-wikitext2', ['awq(bits=4,granularity=channel)'], ['wikitext2'], 'c4'],
      ['uncalibrated-wikitext2', ['rtn(bits=4,grid=awq,symmetric=false)'], ['wikitext2'], undefined],
    ],
  );
  const covered = plan.rows.filter(({ obstacle }) => obstacle === undefined);
  t.equal(plan.runs.flatMap(({ rows }) => rows).length, covered.length, 'each row is in one run');
  t.ok(plan.rows.some(({ notes }) => notes.some((note) => note.includes('calib/c4.utf8'))));
});

t.test('a pattern keeps rows that have all its words', async (t) => {
  const count = async (...patterns: string[]): Promise<number> =>
    (await planReproduction(findTable('gptq-t3'), optionsIn(t.testdirName, ...patterns))).rows.length;
  t.equal(await count('3 opt-125m'), 1);
  t.equal(await count('GPTQ opt-1*'), 8, 'opt-125m, 1.3b, 13b and 175b at two widths');
  t.equal(await count('full opt-66b', '3 opt-125m'), 2, 'of one pattern or another');
  t.equal(await count('no such row'), 0);
});

/** A plan of one row that was run. */
async function runRow(t: { testdirName: string }, value: number | undefined, error?: CellResult['error']) {
  const table = { ...findTable('gptq-t3'), rows: findTable('gptq-t3').rows.slice(0, 1) } as PaperTable;
  const plan = await planReproduction(table, optionsIn(t.testdirName));
  const [row] = plan.rows;
  if (row) row.obstacle = undefined;
  const key = { model: 'facebook/opt-125m', recipe: 'float', task: 'wikitext2' };
  const rows = value === undefined ? [] : [{ ...key, metric: 'perplexity', value, protocol: 'ppl/papers-2048' } as Row];
  const cells = [{ ...key, rows, error } as CellResult];
  const run = { folder: '', experiment: {} as never, rows: plan.rows };
  return assembleReproduction(plan, [{ run, cells, means: [] }], registry, undefined).rows[0];
}

t.test('within, outside, and failed', async (t) => {
  t.match(await runRow(t, 27.65 + 0.06), { verdict: 'within', protocol: 'ppl/papers-2048' });
  t.match(await runRow(t, 27.65 - 0.06), { verdict: 'within' });
  const outside = await runRow(t, 28.0);
  t.match(outside, { verdict: 'outside', ours: 28 });
  t.ok(Math.abs((outside?.delta ?? 0) - 0.35) < 1e-9);
  t.match(await runRow(t, Number.NaN), { verdict: 'outside' }, 'a figure that is no number is never within');
  t.match(await runRow(t, undefined, { code: 'METHOD_FAILED', message: 'It broke.' }), {
    verdict: 'not run',
    reason: 'wikitext2 failed: It broke.',
  });
});
