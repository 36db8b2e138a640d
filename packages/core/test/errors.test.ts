import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { errorCodes, LowbitError, nearestName, toLowbitError } from '@lowbit/core';

const sources = [
  ...['core', 'methods', 'tasks', 'history', 'cli'].map((name) => `packages/${name}/src`),
  'reports/src',
];

async function readSources(): Promise<string> {
  const texts = await Promise.all(
    sources.map(async (folder) => {
      const names = (await readdir(folder, { recursive: true })).filter(
        (name) => name.endsWith('.ts') && name !== 'errors.ts',
      );
      return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    }),
  );
  return texts.flat().join('\n');
}

t.test('list, documentation and use agree', async (t) => {
  const documented = [...(await readFile('docs/errors.md', 'utf8')).matchAll(/^\| `([A-Z_]+)`/gm)].map(
    (match) => match[1],
  );
  t.same(documented, [...errorCodes], 'docs/errors.md has each code, in the order of errors.ts');
  const text = await readSources();
  for (const code of errorCodes) if (code !== 'INTERNAL') t.ok(text.includes(`'${code}'`), `${code} is used`);
});

t.test('anything thrown becomes a LowbitError', (t) => {
  const own = new LowbitError('USAGE', 'Expected a, got b; write a.');
  t.equal(toLowbitError(own), own);
  t.match(toLowbitError(Object.assign(new Error('no space left'), { code: 'ENOSPC' })), { code: 'RESOURCE_DISK' });
  t.match(toLowbitError('text'), { code: 'INTERNAL', message: 'text' });
  t.end();
});

t.test('the nearest name is found, a far one is not', (t) => {
  t.equal(nearestName('gtpq', ['rtn', 'gptq', 'awq']), 'gptq');
  t.equal(nearestName('smoothquant', ['rtn', 'awq']), undefined);
  t.end();
});
