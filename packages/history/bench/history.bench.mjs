// Answers of `lowbit history` over many runs, each measured as a whole process, and what building the index took. Run after a
// build: node packages/history/bench/history.bench.mjs [rows, default 100000]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

await import('../../../scripts/strip-types.mjs');
const { makeRun } = await import('../test/make-runs.ts');

const wanted = Number(process.argv[2] ?? 100_000);
const lowbit = fileURLToPath(new URL('../../cli/bin/lowbit.mjs', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'lowbit-bench-'));
const runs = path.join(folder, 'runs');

const recipes = [
  'float',
  ...Array.from({ length: 19 }, (_, i) => `gptq(bits=${2 + (i % 7)},groupSize=${32 << (i % 3)},seed=${i})`),
];
const tasks = [
  'wikitext2',
  'wikitext',
  'wikitext2_llamacpp',
  'piqa',
  'arc_easy',
  'arc_challenge',
  'winogrande',
  'hellaswag',
  'boolq',
  'openbookqa',
];
const rowsOfRun = recipes.length * (3 + 2 * 7);
const nights = Math.ceil(wanted / rowsOfRun);

function makeNight(i) {
  const created = new Date(Date.UTC(2026, 0, 1) + i * 86_400_000).toISOString();
  const value = (recipe, task) => 10 + recipes.indexOf(recipe) + tasks.indexOf(task) / 10 + Math.sin(i) / 100;
  return makeRun(path.join(runs, created.slice(0, 10)), {
    name: 'nightly',
    created,
    recipes,
    tasks,
    value,
    layers: 12,
  });
}

/** Wall seconds of a process from its start to its end; throws where it fails. */
function time(args) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [lowbit, 'history', ...args], { encoding: 'utf8' });
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(stderr);
  return { seconds, stdout };
}

function report(name, seconds, note = '') {
  console.log(`${name.padEnd(58)}${seconds.toFixed(2).padStart(8)} s  ${note}`);
}

try {
  for (let i = 0; i < nights; i++) await makeNight(i);
  const cells = nights * recipes.length * tasks.length;
  console.log(`${nights} runs, ${cells} cells, ${nights * rowsOfRun} rows; each time is a whole process`);
  const build = time(['rebuild', runs]);
  const { size } = statSync(path.join(runs, 'history.duckdb'));
  report(
    'first build of the index',
    build.seconds,
    `${Math.round(size / 1e6)} MB; ${build.stdout.trim().split('; ').at(-1)}`,
  );

  const questions = {
    'recipe x task, the newest of each place': ['--metric', 'a*', '--pivot', 'recipe,task'],
    'recipe x task, mean over all runs': ['--pivot', 'recipe,task', '--aggregate', 'mean'],
    'a series: one cell over all runs': [
      '--recipe',
      'gptq*seed=3)',
      '--task',
      'piqa',
      '--metric',
      'acc',
      '--limit',
      '0',
    ],
    'filtered, sorted, 50 of many': ['--where', 'bitsPerWeight < 5', '--sort', '-value'],
    'SQL: largest spread over the runs': [
      '--sql',
      'SELECT recipe, task, metric, max(value) - min(value) AS spread FROM rows GROUP BY ALL ORDER BY spread DESC LIMIT 10',
    ],
  };
  for (const [name, args] of Object.entries(questions)) {
    const seconds = Array.from({ length: 5 }, () => time([runs, ...args]).seconds).sort((a, b) => a - b);
    report(name, seconds[2], `median of 5, ${seconds[0].toFixed(2)} to ${seconds[4].toFixed(2)}`);
  }
  await makeNight(nights);
  report('one more run, read and asked for', time([runs, '--since', '1d']).seconds);
  report('all rows as CSV', time([runs, '--format', 'csv', '-o', path.join(folder, 'all.csv')]).seconds);
  const baseline = Array.from({ length: 5 }, () => time(['--help']).seconds).sort((a, b) => a - b);
  report('of each: lowbit history --help', baseline[2]);
} finally {
  rmSync(folder, { recursive: true });
}
