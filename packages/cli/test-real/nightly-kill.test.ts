import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readRun } from '@lowbit/core';
import type { Night } from '@lowbit/core';
import { experiment, runLowbit } from '../test/run-lowbit.js';

const kills = 10;

/** Knuth's linear congruential generator: the moments are the same in each run of this test. */
function* seededMoments(seed: number, longest: number): Generator<number> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield Math.round((state / 2 ** 32) * longest);
  }
}

/** When each cell of the store was written: a second writing would show. */
async function listCells(history: string): Promise<Map<string, number>> {
  const folder = join(history, 'store', 'cells');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  return new Map(
    await Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).mtimeMs] as const)),
  );
}

async function readNights(history: string): Promise<Night[]> {
  const names = (await readdir(join(history, 'runs')).catch(() => [])).sort();
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(history, 'runs', name, 'verdict.json'), 'utf8')) as Night),
  );
}

t.test(`killed at ${kills} random moments, every night that is listed is whole`, { timeout: 900_000 }, async (t) => {
  const folder = t.testdir({ 'nightly.json': JSON.stringify({ experiment }) });
  const history = join(folder, 'history');
  const args = ['nightly', join(folder, 'nightly.json')];
  const begin = performance.now();
  t.equal((await runLowbit(['nightly', join(folder, 'nightly.json')])).status, 0);
  const moments = seededMoments(3, performance.now() - begin);
  // From the start once more, so that the kills meet cells that are not there yet.
  await writeFile(join(folder, 'nightly.json'), JSON.stringify({ experiment, history: 'again' }));
  const again = join(folder, 'again');
  let known = new Map<string, number>();
  let done = 0;
  for (let kill = 0; kill < kills; kill++) {
    const after = moments.next().value as number;
    const { status, signal } = await runLowbit(args, { signal: { name: 'SIGKILL', after } });
    t.ok(signal === 'SIGKILL' || status === 0, `killed after ${after} ms, or done before`);
    if (status === 0) done++;
    const cells = await listCells(again);
    for (const [name, time] of known) t.equal(cells.get(name), time, 'a finished cell stays as it is');
    known = cells;
    const nights = await readNights(again);
    // A night may be there although its process was killed behind it.
    t.ok(nights.length >= done, `${nights.length} nights`);
    for (const { run } of nights) {
      const night = join(again, 'runs', run.name);
      t.equal((await readRun(night)).cells.length, 6);
      t.ok((await readdir(night)).includes('night.html'));
    }
  }
  t.equal((await runLowbit(args)).status, 0);
  t.equal((await readNights(again)).at(-1)?.counts.worse, 0);
  t.same((await readdir(again)).sort(), ['latest', 'runs', 'store'], 'neither lock nor work is left over');
  t.equal((await readRun(join(history, 'store'))).cells.length, 6);
});

t.test('two nights at once: one waits for the other and finds its cells', { timeout: 300_000 }, async (t) => {
  const folder = t.testdir({ 'nightly.json': JSON.stringify({ experiment }) });
  const args = ['nightly', join(folder, 'nightly.json')];
  const first = runLowbit(args);
  const second = runLowbit(args);
  const ended = await Promise.all([first, second]);
  t.same(
    ended.map(({ status }) => status),
    [0, 0],
    ended.map(({ stderr }) => stderr).join(),
  );
  t.equal(ended.filter(({ stderr }) => stderr.includes('begins as soon as it can')).length, 1);
  const nights = await readNights(join(folder, 'history'));
  t.same(
    nights.map(({ computed, reused }) => [computed, reused]),
    [
      [6, 0],
      [0, 6],
    ],
  );
  t.ok(nights[1]?.againstLast?.rows.every(({ verdict }) => verdict === 'same'));
});
