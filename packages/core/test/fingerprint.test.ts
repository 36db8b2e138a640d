import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { fingerprintCode, locatePlugin } from '@lowbit/core';

t.test('a file counts with what it imports, a folder with all its code', async (t) => {
  const folder = t.testdir({
    'one.js': "import { two } from './two.js';\nexport { x } from 'elsewhere';\n",
    'two.js': "export * from './one.js';\n",
    'other.js': 'export const other = 1;\n',
    'one.d.ts': 'export {};\n',
  });
  const at = (name: string): URL => pathToFileURL(join(folder, name));
  const all = { file: await fingerprintCode(at('one.js')), folder: await fingerprintCode(at('./')) };
  await writeFile(join(folder, 'one.d.ts'), 'changed');
  t.same(
    { file: await fingerprintCode(at('one.js')), folder: await fingerprintCode(at('./')) },
    all,
    'types are no code',
  );
  await writeFile(join(folder, 'other.js'), 'changed');
  t.equal(await fingerprintCode(at('one.js')), all.file, 'what is not imported does not count');
  t.not(await fingerprintCode(at('./')), all.folder);
  await writeFile(join(folder, 'two.js'), "export * from './one.js';\nexport const two = 2;\n");
  t.not(await fingerprintCode(at('one.js')), all.file, 'what is imported counts');
});

t.test('a plugin package is narrowed to the file of the plugin where it has one', async (t) => {
  const folder = pathToFileURL(`${t.testdir({ 'my-method.js': '', 'index.js': '' })}/`);
  t.equal((await locatePlugin(folder, 'my_method')).href, new URL('my-method.js', folder).href);
  t.equal((await locatePlugin(folder, 'absent')).href, folder.href);
  const file = new URL('index.js', folder);
  t.equal((await locatePlugin(file, 'my_method')).href, file.href);
});
