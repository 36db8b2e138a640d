import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { readRun } from '@lowbit/core';
import { experiment, model, root, runLowbit } from '../test/run-lowbit.js';

t.setTimeout(120_000);

/** A method that fills the disk while `armed` is there, in the middle of a run that had enough room when it began. */
const plugin = `
import { appendFileSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
const { z } = await import(pathToFileURL(createRequire(${JSON.stringify(`${root}package.json`)}).resolve('zod')).href);
export const methods = [{
  name: 'fill',
  version: '1',
  description: 'fills the disk',
  source: 'this test',
  options: z.object({}),
  async block() {
    try {
      while (existsSync(new URL('armed', import.meta.url)))
        appendFileSync(new URL('disk/filler', import.meta.url), Buffer.alloc(4096));
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    }
  },
}];
`;

/** A disk of 16 MB; false, and a line that says so, where this user may not have one. */
function mountDisk(t: Test, folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'lowbit-test', folder], { stdio: 'pipe' });
  } catch {
    t.comment('Left out: a small disk needs the right to mount one.');
    return false;
  }
  t.teardown(() => execFileSync('umount', [folder]));
  return true;
}

t.test('a disk that fills up ends the run and costs no finished cell; with room again it goes on', async (t) => {
  const spec = { ...experiment, plugins: ['./plugin.mjs'], recipes: ['float', 'fill+rtn(bits=3)'], workers: 1 };
  // Not a testdir: tap would remove that before the disk is unmounted.
  const folder = await mkdtemp(join(tmpdir(), 'lowbit-test-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'disk'));
  if (!mountDisk(t, join(folder, 'disk'))) return;
  await writeFile(join(folder, 'experiment.json'), JSON.stringify(spec));
  await writeFile(join(folder, 'plugin.mjs'), plugin);
  await writeFile(join(folder, 'armed'), '');
  const run = join(folder, 'disk', 'run');
  const args = ['run', join(folder, 'experiment.json'), '-o', run];
  const changed = async (digest: string): Promise<number> => (await stat(join(run, 'cells', `${digest}.json`))).mtimeMs;

  const full = await runLowbit(args);
  t.equal(full.status, 2);
  t.match(full.stderr, /^error \[RESOURCE_DISK\]: The disk is full/m);
  const { cells: kept } = await readRun(run);
  t.same(
    kept.filter(({ status }) => status === 'done').map(({ recipe }) => recipe),
    ['float', 'float'],
  );
  const times = await Promise.all(kept.map(({ digest }) => changed(digest)));

  // Before long work starts, where it can be known.
  const artifact = join(folder, 'disk', 'artifact');
  for (const command of [args, ['quantize', model, '--recipe', 'rtn(bits=3)', '-o', artifact]]) {
    const refused = await runLowbit(command);
    t.equal(refused.status, 2);
    t.match(refused.stderr, /^error \[RESOURCE_DISK\]: Expected at least .* free disk/m);
  }

  await rm(join(folder, 'armed'));
  await rm(join(folder, 'disk', 'filler'));
  const ended = await runLowbit(args);
  t.equal(ended.status, 0, ended.stderr);
  const { cells } = await readRun(run);
  t.same(
    cells.map(({ status }) => status),
    ['done', 'done', 'done', 'done'],
  );
  t.same(await Promise.all(kept.map(({ digest }) => changed(digest))), times, 'what was kept is not computed again');
});
