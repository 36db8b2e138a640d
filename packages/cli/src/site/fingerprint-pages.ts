import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version } from '@lowbit/core';

/** Hash of the code and style that pages are made of, and of the version: with another one every page is another. */
export async function fingerprintPages(): Promise<string> {
  const hash = createHash('sha256').update(version);
  const dist = new URL('.', import.meta.resolve('@lowbit/reports'));
  for (const folder of [dist, new URL('../assets/', dist)].map((each) => fileURLToPath(each))) {
    const names = await readdir(folder, { recursive: true });
    for (const name of names.filter((each) => /\.(?:js|css)$/.test(each)).sort())
      hash.update(`${name}\n`).update(await readFile(join(folder, name)));
  }
  return hash.digest('hex');
}
