import t from 'tap';
import { contrastRatio } from './fixtures/contrast.js';
import { renderOne } from './fixtures/render.js';
import { textOf } from './fixtures/text-of.js';
import { failCell, findCell, makeRunData } from './fixtures/run-data.js';

function bodyRows(html: string): string[] {
  const table = /<table class="results"[\s\S]*?<\/table>/.exec(html)?.[0] ?? '';
  return /<tbody>([\s\S]*?)<\/tbody>/.exec(table)?.[1]?.match(/<tr[\s\S]*?<\/tr>/g) ?? [];
}

t.test('nothing outside the file is asked for', async (t) => {
  const html = await renderOne(makeRunData(), 'html');
  t.match(html, `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"`);
  t.notMatch(
    html,
    /(?:src|href)="(?!#|data:,"|recipes\/[\w.-]+\.html(?:#model1-layers)?")/,
    'no address but anchors, recipes and the empty icon',
  );
  t.notMatch(html, /@import|url\(|sourceMappingURL|import\s*\(|^\s*(?:import|export) /m);
  t.same(
    new Set(html.match(/https?:\/\/[^"'\s<]*/g)),
    new Set(['http://www.w3.org/2000/svg']),
    'a name space, no address',
  );
});

t.test('a row of the main table has value, error, n, difference and its sense in words', async (t) => {
  const run = makeRunData();
  const set = (recipe: string, value: number) =>
    Object.assign(findCell(run, recipe, 'wikitext2').rows[0] ?? {}, { value, stderr: 0.25, n: 148 });
  set('float', 20);
  set('gptq-w4-g64', 20.5);
  set('rtn-w4-g64', 24);
  set('gptq-w3-g64', 18);
  set('rtn-w3-g64', 20);
  const rows = bodyRows(await renderOne(run, 'html'));
  t.equal(rows.length, 7);
  const texts = rows.map(textOf);
  t.match(texts[0], 'float float – 16.00 20.00 ± 0.25 baseline , n 148');
  t.match(
    texts[1],
    'gptq-w4-g64 gptq 4 4.31 20.50 ± 0.25 +0.50 , worse than float, within two standard errors , n 148, best at 4 bits',
  );
  t.match(texts[2], '24.00 ± 0.25 +4.00 , worse than float , n 148 ');
  t.match(texts[3], '18.00 ± 0.25 \u22122.00 , better than float , n 148, best at 3 bits');
  t.match(texts[4], '20.00 ± 0.25 0.00 , the same as float , n 148');
  t.match(rows[2], 'class="delta worse"');
  t.match(rows[3], 'class="delta better"');
  t.match(rows[2], 'title="24 ± 0.25, n &#x3D; 148, +20.0 % against float, 11.3 standard errors"');
  t.match(
    rows[5],
    /title="model\.layers\.1\.mlp\.down_proj: rounded[^"]*">1<\/td>/,
    'fallbacks, with the first reason',
  );
});

t.test('cells without a figure say why, and sort last', async (t) => {
  const run = makeRunData();
  failCell(run, 'gptq-w2-g64', 'piqa', 'The worker <died>.');
  run.cells = run.cells.filter((cell) => cell !== findCell(run, 'rtn-w2-g64', 'piqa'));
  run.manifest.cells = run.manifest.cells.filter((key) => !(key.recipe === 'rtn-w3-g64' && key.task === 'piqa'));
  Object.assign(findCell(run, 'rtn-w2-g64', 'wikitext2').rows[0] ?? {}, { value: Infinity, stderr: undefined });
  const html = await renderOne(run, 'html');
  const rows = bodyRows(html);
  t.match(textOf(rows[5] ?? ''), 'failed METHOD_FAILED : The worker <died>.');
  t.match(textOf(rows[6] ?? ''), 'no result yet');
  t.match(rows[6], /data-sort="" title="Infinity, n &#x3D; 148"><span class="value">∞/);
  t.equal(rows[4]?.match(/<td class="none[ "]/g)?.length, 2);
  const notes = textOf(/<ul class="notes"[\s\S]*?<\/ul>/.exec(html)?.[0] ?? '');
  t.match(notes, 'Failed gptq-w2-g64 on piqa: The worker <died>. [METHOD_FAILED]');
  t.match(notes, 'Partial 1 of 20 planned cells have no result yet');
  t.match(notes, 'Note The perplexity text is part of what the model was trained on (in-sample).');
});

t.test('protocol, recipes, calibration and environment are all there', async (t) => {
  const run = makeRunData();
  const html = await renderOne(run, 'html');
  const protocol = textOf(/<section id="protocol">[\s\S]*?<\/section>/.exec(html)?.[0] ?? '');
  for (const part of [
    'wikitext2 v1 Perplexity of the WikiText-2 test text in consecutive windows. perplexity ↓ ppl/papers-2048 1 302,956 303,104 148',
    'lm-evaluation-harness 0.4.9 piqa/test.jsonl 446 KiB',
    'tiny-llama llama 134.5 M 16.00',
    'gptq v1.0.0 bits=3 groupSize=64 symmetric=false blockSize=128 dampPercent=0.01 actOrder=off',
    'Samples 32 × 512 tokens Tokens 16,384 Order first in order',
    'Processor Some Processor 3000, 2 cores Memory 24 GiB Kernels native, avx2 Device cpu Workers × threads 1 × 2',
    run.manifest.environment.fingerprint,
    run.manifest.planDigest,
    run.manifest.calibration?.tokenSha256 ?? 'no calibration',
    run.manifest.tasks[1]?.files[0]?.sha256 ?? 'no file',
    findCell(run, 'float', 'piqa').counts.tokenSha256,
  ])
    t.match(protocol, part);
});

t.test('what a run may lack is left out or said', async (t) => {
  const run = makeRunData();
  run.manifest.calibration = undefined;
  for (const model of run.manifest.models) model.tokenizerDigest = undefined;
  for (const task of run.manifest.tasks) task.limit = 100;
  Object.assign(run.manifest.tasks[0] ?? {}, { limit: undefined, windows: 4 });
  run.cells = run.cells.filter((cell) => cell.task !== 'piqa');
  run.manifest.environment.cores = 1;
  const html = await renderOne(run, 'html');
  t.notMatch(html, 'Calibration');
  t.match(textOf(html), 'limit 100');
  t.match(textOf(html), 'limit 4 windows');
  t.match(
    textOf(html),
    `${run.manifest.tasks[0]?.name} to its first 4 windows, ${run.manifest.tasks[1]?.name} to its first 100`,
  );
  t.match(textOf(html), 'Some Processor 3000, 1 core ');
  run.manifest.calibration = { source: 'c4', samples: 8, sequenceLength: 64, tokens: 512, seed: 7, tokenSha256: 'x' };
  t.match(textOf(await renderOne(run, 'html')), 'drawn with seed 7');
});

t.test('layers: a row a recipe with the middle, the worst and maps on one scale', async (t) => {
  const run = makeRunData();
  const [first] = findCell(run, 'gptq-w3-g64', 'wikitext2').layers;
  Object.assign(first ?? {}, { outputError: 0.5, squaredOutputError: 30, rtnSquaredOutputError: 20 });
  const html = await renderOne(run, 'html');
  const table = /<table class="dense charts" id="model1-layers-table"[\s\S]*?<\/table>/.exec(html)?.[0] ?? '';
  const rows = table.split('<tr>').filter((row) => row.startsWith('<th scope="row">'));
  t.equal(rows.length, 6, 'float has none');
  const gptq = rows.find((row) => row.includes('>gptq-w3-g64</a>')) ?? '';
  t.match(textOf(gptq), /^gptq-w3-g64 14 [\d.]+ [\d.]+ \S+ [\d.]+ 50 0\.self_attn\.q_proj 13 of 14 0$/);
  t.equal(gptq.match(/<svg class="map"/g)?.length, 2);
  t.match(gptq, /aria-label="Output error of gptq-w3-g64 by block and role: from [\d.]+ % \([\w.]+\) to 50 % /);
  const fallback = rows.find((row) => row.includes('>gptq-w2-g64</a>')) ?? '';
  t.match(fallback, /<path class="fallback" d="M1 6h/);
  t.match(textOf(fallback), / 1$/);
  const shades = (row: string | undefined) =>
    [...(row ?? '').matchAll(/stroke-opacity="([\d.]+)"/g)].map(([, shade]) => Number(shade));
  t.ok(Math.min(...shades(rows[4])) > Math.max(...shades(rows[1]).slice(0, 1)), 'two bits are darker than four');
  t.match(textOf(html), /shade: weight error [\d.]+ % to [\d.]+ %, logarithmic, the same for all recipes/);
});

t.test('several models and several runs have sections of their own', async (t) => {
  const run = makeRunData({ models: ['one', 'two'] });
  const html = await renderOne([run, { ...run, manifest: { ...run.manifest, name: 'second' } }], 'html');
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  t.equal(new Set(ids).size, ids.length, 'no id twice');
  for (const [, target = ''] of html.matchAll(/href="#([^"]*)"/g)) t.ok(ids.includes(target), `a section ${target}`);
  t.equal(html.match(/<table class="results"/g)?.length, 4);
  t.match(textOf(html), 'RTN and GPTQ at 4, 3 and 2 bits (second)');
  t.match(textOf(html), 'second: two, wikitext2 perplexity: float 19.92;');
});

t.test('ten recipes and five tasks on a model of thirty blocks stay below 300 kB', async (t) => {
  const run = makeRunData({ blocks: 30 });
  const { manifest } = run;
  const addCells = (recipe: string, task: string, likeRecipe: string, likeTask: string) => {
    const cell = structuredClone(findCell(run, likeRecipe, likeTask));
    Object.assign(cell, { recipe, task, digest: `${recipe} ${task}` });
    run.cells.push(cell);
    manifest.cells.push({ digest: cell.digest, model: cell.model, recipe, task });
  };
  const [, task] = manifest.tasks;
  if (!task) return t.fail('no task');
  for (const name of ['more', 'most']) {
    manifest.tasks.push({ ...task, name });
    for (const recipe of manifest.recipes) addCells(recipe.name, name, recipe.name, task.name);
  }
  for (const name of ['a', 'b', 'c']) {
    manifest.recipes.push({ ...(manifest.recipes[6] ?? { steps: [], bits: 4 }), name });
    for (const { name: taskName } of manifest.tasks) addCells(name, taskName, 'gptq-w4-g64', taskName);
  }
  const size = Buffer.byteLength(await renderOne(run, 'html'));
  t.ok(size > 150_000 && size < 300_000, `${size} bytes`);
});

t.test('text has the contrast of WCAG AA, 4.5, in light and in dark', async (t) => {
  const html = await renderOne(makeRunData(), 'html');
  const [light = '', dark = ''] = [...html.matchAll(/:root \{[^}]*--series-8[^}]*\}/g)].map(([block]) => block);
  for (const [theme, block] of Object.entries({ light, dark })) {
    const colours = new Map(
      [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]),
    );
    const series = Array.from({ length: 8 }, (_, index) => `series-${index + 1}`);
    for (const text of ['ink', 'muted', 'accent', 'better', 'worse', ...series])
      for (const ground of ['ground', 'surface', 'raised']) {
        const ratio = contrastRatio(colours.get(text) ?? '', colours.get(ground) ?? '');
        t.ok(ratio >= 4.5, `${theme}: ${text} on ${ground} ${ratio.toFixed(2)}`);
      }
  }
});
