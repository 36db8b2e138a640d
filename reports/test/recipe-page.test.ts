import { parseSteps } from '@lowbit/core';
import { renderReport } from '@lowbit/reports';
import t from 'tap';
import { makeComparedRun } from './fixtures/compared.js';
import { renderRecipe } from './fixtures/render.js';
import { failCell, findCell, makeRunData } from './fixtures/run-data.js';
import { textOf } from './fixtures/text-of.js';

function sectionOf(html: string, id: string): string {
  return new RegExp(`<section [^>]*id="${id}"[^]*?</section>`).exec(html)?.[0] ?? '';
}

t.test('what a recipe is: methods of whom, every option, overrides, digests', async (t) => {
  const run = makeRunData();
  run.manifest.methods = [{ name: 'gptq', description: 'column by column', source: 'arXiv:2210.17323' }];
  const [step] = run.manifest.recipes.find(({ name }) => name === 'gptq-w3-g64')?.steps ?? [];
  Object.assign(step ?? {}, { layers: [{ match: '*.down_proj', options: { bits: 8 } }] });
  const html = await renderRecipe(run, 'gptq-w3-g64');
  const steps = textOf(sectionOf(html, 'steps'));
  t.match(steps, '1. gptq v1.0.0 column by column. arXiv:2210.17323 bits 3 groupSize 64 symmetric false blockSize 128');
  t.match(steps, 'In some layers: *.down_proj:bits=8');
  const text = textOf(html);
  for (const task of ['wikitext2', 'arc_easy', 'piqa']) t.match(text, findCell(run, 'gptq-w3-g64', task).digest);
  for (const part of ['Some Processor 3000', run.manifest.planDigest, 'Samples 32 × 512 tokens']) t.match(text, part);
  t.notMatch(text, 'rtn-w2-g64 rtn', 'the recipes of others are on their own pages');
  t.match(html, '<a href="../report.html#model1-gptq-w3-g64">');
  t.match(html, '<a href="rtn-w4-g64.html">← rtn-w4-g64</a><a href="rtn-w3-g64.html">rtn-w3-g64 →</a>');
});

t.test('its commands are read back as its steps', async (t) => {
  const run = makeRunData();
  run.manifest.tasks[2] = {
    ...(run.manifest.tasks[2] ?? t.fail()),
    limit: 100,
    fewShot: 5,
  } as (typeof run.manifest.tasks)[2];
  const recipe = run.manifest.recipes.find(({ name }) => name === 'gptq-w3-g64');
  const [step] = recipe?.steps ?? [];
  Object.assign(step ?? {}, {
    layers: [
      { match: '*.down_proj', options: { bits: 8 } },
      { match: 'v', off: true },
    ],
  });
  const html = await renderRecipe(run, 'gptq-w3-g64');
  const commands = [...html.matchAll(/<pre class="command"[^>]*><code>([^]*?)<\/code>/g)].map(([, text = '']) => text);
  t.equal(commands.length, 2, 'tasks that are asked alike share one');
  const plain = textOf(commands[1] ?? '');
  t.match(
    plain,
    /^lowbit eval CHECKPOINT \\ --recipe float \\ --recipe '.*' \\ --tasks piqa \\ --limit 100 \\ --few-shot 5 \\ --calibration wikitext2,samples=32,sequenceLength=512$/,
  );
  const written = /--recipe '(.*?)'/.exec(plain)?.[1] ?? '';
  t.same(
    parseSteps(written),
    recipe?.steps.map(({ method, options, layers }) => ({ method, options, layers })),
  );
  t.notMatch(html, 'recipe.json');
  t.match(textOf(html), 'does not record plugins', 'what the commands leave out is said');
  Object.assign(step?.options ?? {}, { odd: 'a,b' });
  const other = await renderRecipe(run, 'gptq-w3-g64');
  t.match(textOf(other), '--recipe recipe.json');
  const file = JSON.parse(textOf(/recipe\.json:<\/p>\s*<pre[^>]*><code>([^]*?)<\/code>/.exec(other)?.[1] ?? ''));
  t.same(file, JSON.parse(JSON.stringify(recipe?.steps.map(({ version: _, ...rest }) => rest))));
});

t.test('scores beside float, with intervals and what is told apart', async (t) => {
  const run = await makeComparedRun({
    float: [0, 0],
    'gptq-w4-g64': [3, 0.0001],
    'rtn-w4-g64': [6, 0.05],
    'rtn-w3-g64': [90, 0.6],
  });
  const html = await renderRecipe(run, 'rtn-w3-g64');
  const rows = /<table class="dense charts" id="model1-scores-table"[^]*?<\/table>/.exec(html)?.[0].split('<tr>') ?? [];
  const piqa = rows.find((row) => row.includes('>piqa<td class="text">acc, %')) ?? '';
  t.match(textOf(piqa), /^piqa acc, % 46\.7 ± 2\.7 [\d.]+ to [\d.]+ 300 66\.7 −20\.0 −\S+ to −\S+ points \S+ yes$/);
  t.match(piqa, '<svg class="bar worse"');
  t.notMatch(html, /class="dense charts" id="model1-scores-table"[^]*NaN[^]*<\/table>/);
  const pairs = /<details class="pairs">[^]*?<\/details>/.exec(await renderRecipe(run, 'rtn-w4-g64'))?.[0] ?? '';
  t.match(textOf(pairs), /^10 comparisons/, 'with float, and with the other of four bits, on five metrics');
});

t.test('a difference of nothing is 0, without a picture of its own scale', async (t) => {
  const run = await makeComparedRun({ float: [0, 0], 'gptq-w4-g64': [0, 0] });
  const html = await renderRecipe(run, 'gptq-w4-g64');
  t.match(textOf(html), ' 0 to 0 points ');
  t.notMatch(html, 'drawn: ±0');
  t.notMatch(html, '0.00000');
});

t.test('a failed cell says why, and a page without comparisons has no empty columns', async (t) => {
  const run = makeRunData();
  failCell(run, 'gptq-w2-g64', 'piqa', 'The worker <died>.');
  const html = await renderRecipe(run, 'gptq-w2-g64');
  t.match(textOf(html), 'Failed piqa of tiny-llama: The worker <died>. [METHOD_FAILED]');
  t.match(textOf(html), 'piqa acc, % failed: METHOD_FAILED');
  t.notMatch(html, 'its 95 % interval');
});

t.test('layers: maps with each figure, and a row each', async (t) => {
  const run = makeRunData();
  const { layers: own } = findCell(run, 'gptq-w3-g64', 'wikitext2');
  Object.assign(own[0] ?? {}, {
    outputError: 0.5,
    weightError: 0.25,
    squaredOutputError: 30,
    rtnSquaredOutputError: 20,
  });
  Object.assign(own[1] ?? {}, { notes: { clip: 0.91234, grid: 'mse' } });
  if (own[0]) own.push({ ...own[0], layer: 'lm_head', role: 'head', block: undefined, outputError: 0.75 });
  const html = await renderRecipe(run, 'gptq-w3-g64');
  const text = textOf(html);
  t.match(
    text,
    /15 layers · output error: median [\d.]+ %, largest 75 % \(lm_head\) · tr ΔHΔᵀ below RTN's in 13 of 15/,
  );
  t.match(
    html,
    /<th scope="row">0\.self_attn\.q_proj<td[^>]*>3\.30<td[^>]*>25<td[^>]*>50<td>30<td[^>]*>1\.500<td class="text">\n/,
  );
  t.match(html, '<th scope="row">lm_head<td', 'embedding and head keep their names');
  t.match(text, 'clip 0.912; grid mse');
  t.equal(html.match(/<figure id="model1-layers-(weight|output)Error">/g)?.length, 2);
  t.equal(html.match(/<rect [^>]*><title>/g)?.length, 28, 'two maps of two blocks of seven');
  t.match(html, '<title>model.layers.0.self_attn.q_proj: 25 %</title>');
  const fallback = await renderRecipe(run, 'gptq-w2-g64');
  t.match(fallback, /<rect class="fallback"[^>]*><title>model\.layers\.1\.mlp\.down_proj: [\d.]+ %, rounded/);
  t.match(textOf(fallback), '1 fallback');
  t.notMatch(await renderRecipe(run, 'float'), 'id="model1-layers"');
});

t.test('a single layer keeps its whole name', async (t) => {
  const run = makeRunData();
  const cell = findCell(run, 'rtn-w4-g64', 'wikitext2');
  t.match(await renderRecipe(run, 'rtn-w4-g64'), 'Output error, %');
  for (const layer of cell.layers) Object.assign(layer, { outputError: undefined, squaredOutputError: undefined });
  const html = await renderRecipe(run, 'rtn-w4-g64');
  t.notMatch(html, 'Output error, %', 'what was measured nowhere is no column');
  t.match(html, /<th scope="row">0\.self_attn\.q_proj<td[^>]*>[\d.]+<td[^>]*>[\d.]+<td class="text">/);
  cell.layers = cell.layers.slice(0, 1);
  t.match(await renderRecipe(run, 'rtn-w4-g64'), '<th scope="row">model.layers.0.self_attn.q_proj<td');
});

t.test('a page for each recipe of each run and model, links that lead somewhere', async (t) => {
  const run = makeRunData({ models: ['one', 'two'] });
  run.manifest.recipes.forEach(
    (recipe, index) => (recipe.name = ['float', 'A/b', 'a b', '../x', 'é', '', 'con'][index] ?? recipe.name),
  );
  const names = new Map(
    makeRunData().manifest.recipes.map(({ name }, index) => [name, run.manifest.recipes[index]?.name ?? '']),
  );
  for (const each of [...run.manifest.cells, ...run.cells, ...run.cells.flatMap(({ rows }) => rows)])
    each.recipe = names.get(each.recipe) ?? each.recipe;
  const files = await renderReport([run, { ...run, manifest: { ...run.manifest, name: 'second' } }], ['html']);
  const pages = new Map(files.map(({ file, content }) => [file, content]));
  t.equal(pages.size, 15, 'no two names share a file');
  for (const [file, content] of pages) {
    t.match(file, /^(?:report|recipes\/run[12]-[a-z0-9._-]+)\.html$/);
    const ids = [...content.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    t.equal(new Set(ids).size, ids.length, `${file}: no id twice`);
    for (const [, href = ''] of content.matchAll(/<a [^>]*href="([^"]*)"/g)) {
      const [path = '', id] = href.split('#');
      const base = new URL(file, 'file:///');
      const target = pages.get(new URL(path === '' ? file : path, path === '' ? 'file:///' : base).pathname.slice(1));
      if (!target || (id !== undefined && !target.includes(` id="${id}"`))) t.fail(`${file} links to ${href}`);
    }
  }
});
