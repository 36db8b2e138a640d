import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { loadAll, nameOf } from './support/implementations.js';

const folder = t.testdir({ empty: '', short: 'abc' });
const long = path.join(folder, 'long');
const bytes = Buffer.from(Uint8Array.from({ length: 3_000_017 }, (_, i) => (i * i) >> 3));
writeFileSync(long, bytes);

for (const kernels of await loadAll()) {
  t.test(`files: ${nameOf(kernels)}`, async (t) => {
    t.equal(
      await kernels.sha256File(path.join(folder, 'short')),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      'the example of FIPS 180',
    );
    t.equal(
      await kernels.sha256File(path.join(folder, 'empty')),
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    t.equal(await kernels.sha256File(long), createHash('sha256').update(bytes).digest('hex'));
    await t.rejects(kernels.sha256File(path.join(folder, 'none')), {
      name: 'Error',
      message: /^the file .*none cannot be read: /,
    });
  });
}
