import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import t from 'tap';
import { callLowbit } from '../test/call-lowbit.js';

const folder = resolve('..', 'shared', 'models', 'architectures', 'llama');

interface Expected {
  input_ids: number[][];
  nll: number[][];
}

t.test('--rope-frequencies: as loaded by default, as in a model cast to bfloat16 when asked', async (t) => {
  const expected = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as Expected;
  const file = join(t.testdir(), 'ids.json');
  await writeFile(file, JSON.stringify(expected.input_ids));
  const score = async (...rest: string[]): Promise<number[][]> => {
    const { status, stdout, stderr } = await callLowbit(t, ['score', folder, '--token-ids', file, '--json', ...rest]);
    t.equal(status, 0, stderr);
    return (JSON.parse(stdout) as { nll: number[][] }).nll;
  };

  // expected.json was made with a cast model (docs/decisions/0003) and states this tolerance.
  const cast = (await score('--rope-frequencies', 'bfloat16')).flat();
  const worst = Math.max(...expected.nll.flat().map((loss, i) => Math.abs(loss - (cast[i] ?? NaN))));
  t.ok(worst < 1e-4, `largest difference ${worst}`);

  // transformers 4.57.6 with torch, dtype=float32: the mean over all tokens. Two float32 implementations differ by some
  // units in the last place of each loss (5e-7), and the mean by less; the cast model is 8 times the tolerance away.
  const own = (await score()).flat();
  const mean = own.reduce((sum, loss) => sum + loss, 0) / own.length;
  t.ok(Math.abs(mean - 6.0469895579) < 5e-6, `mean ${mean}`);
});
