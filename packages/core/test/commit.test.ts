import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCommit } from '@lowbit/core';
import t from 'tap';

t.test('the commit of a checkout, changed or not, and of nothing else', async (t) => {
  const folder = t.testdir({ 'package.json': '{}' });
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      ...{ cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    });
  t.equal(findCommit(folder), undefined, 'not tracked by what surrounds it');
  git('init');
  git('add', '.');
  t.equal(findCommit(folder), undefined, 'nothing committed');
  git('commit', '-m', 'first');
  const head = git('rev-parse', 'HEAD').slice(0, 12);
  t.equal(findCommit(folder), head);
  writeFileSync(join(folder, 'new.txt'), 'untracked');
  t.equal(findCommit(folder), head);
  appendFileSync(join(folder, 'package.json'), '\n');
  t.equal(findCommit(folder), `${head}+`);
  const installed = join(folder, 'node_modules', 'lowbit');
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, 'package.json'), '{}');
  t.equal(findCommit(installed), undefined, 'a package inside somebody’s checkout');
  t.equal(findCommit(tmpdir()), undefined);
  t.equal(findCommit(join(folder, 'absent')), undefined);
});
