import { spawn } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { lockRun } from '@lowbit/core';

const lock = new URL('../../dist/store/run-lock.js', import.meta.url).href;

// Takes the lock ten times; inside, a file that must not be there yet. Some die with the lock in their hands.
const worker = `
import { rmSync, writeFileSync } from 'node:fs';
const { lockRun } = await import(process.argv[1]);
const [path, dies] = [process.argv[2], process.argv[3] === 'dies'];
for (let turn = 0; turn < 10; turn++) {
  const release = await lockRun(path, 60_000);
  writeFileSync(path + '.inside', '', { flag: 'wx' });
  await new Promise((resolve) => setTimeout(resolve, turn % 3));
  rmSync(path + '.inside');
  if (dies && turn === 2) process.kill(process.pid, 'SIGKILL');
  await release();
}
`;

function start(path: string, dies: boolean): Promise<{ status: number | null; stderr: string }> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', worker, lock, path, dies ? 'dies' : 'lives'],
    {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stderr })));
}

t.test('processes that want one lock at once, some of which die with it, are inside one after the other', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'run.lock');
  await writeFile(path, `${JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), started: '1' })}\n`);
  const ended = await Promise.all(Array.from({ length: 8 }, (_, i) => start(path, i < 3)));
  for (const [i, { status, stderr }] of ended.entries()) t.equal(status, i < 3 ? null : 0, stderr);
  // The last one inside may be one of those that died with it.
  const release = await lockRun(path);
  await release();
  t.same(await readdir(folder), [], 'nothing is left over');
});
