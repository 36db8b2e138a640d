// `lowbit site` over many runs, as whole processes: all pages, nothing changed, one run more; and how large its list is. Run
// after a build: node packages/cli/bench/site.bench.mjs [runs, default 300]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

await import('../../../scripts/strip-types.mjs');
const { makeRun } = await import('../../history/test/make-runs.ts');

const wanted = Number(process.argv[2] ?? 300);
const lowbit = fileURLToPath(new URL('../bin/lowbit.mjs', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'lowbit-bench-'));
const [runs, site] = ['runs', 'site'].map((name) => path.join(folder, name));
const recipes = ['float', ...['rtn', 'gptq', 'awq'].flatMap((method) => [4, 3].map((bits) => `${method}-w${bits}`))];
const tasks = ['wikitext2', 'piqa', 'arc_easy'];

function makeNight(i) {
  const created = new Date(Date.UTC(2026, 0, 1, 3) + i * 86_400_000).toISOString();
  const value = (recipe, task) => 10 * (recipes.indexOf(recipe) + 1) + tasks.indexOf(task) + Math.sin(i) / 100;
  return makeRun(path.join(runs, created.slice(0, 10)), {
    name: 'nightly',
    created,
    recipes,
    tasks,
    value,
    layers: 14,
  });
}

function build(what) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [lowbit, 'site', runs, '-o', site], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const seconds = (performance.now() - start) / 1000;
  console.log(`${what.padEnd(18)} ${seconds.toFixed(1)} s  ${stdout.trim().replace(/^.*?: /, '')}`);
}

try {
  for (let i = 0; i < wanted; i++) await makeNight(i);
  build('all pages');
  build('nothing changed');
  await makeNight(wanted);
  build('one run more');
  for (const page of ['index.html', 'compare.html'])
    console.log(`${page.padEnd(18)} ${(statSync(path.join(site, page)).size / 1e6).toFixed(2)} MB`);
  const files = readdirSync(site, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.reduce((sum, { parentPath, path: parent, name }) => {
    return sum + statSync(path.join(parentPath ?? parent, name)).size;
  }, 0);
  console.log(`${'site'.padEnd(18)} ${(bytes / 1e6).toFixed(0)} MB in ${files.length} files`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
