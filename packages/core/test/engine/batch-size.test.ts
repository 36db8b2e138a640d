import { join } from 'node:path';
import t from 'tap';
import { inspectSubject, sizeBatches } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { makeTinyCheckpoint } from '../fixtures/tiny-checkpoint.js';

t.test('batches are as large as is of use, and smaller where memory is short', async (t) => {
  const directory = join(t.testdir(), 'model');
  await makeTinyCheckpoint(directory, {});
  const { decoder } = await inspectSubject(directory, await loadKernels());
  t.same(sizeBatches(decoder, 2 ** 34), { tokens: 2048, rows: 128 });
  const { hiddenSize, vocabSize, blocks } = decoder;
  const widest = Math.max(hiddenSize, ...blocks.map(({ mlp }) => mlp.down.cols));
  // 1/32 of memory holds 300 tokens' activations.
  t.equal(sizeBatches(decoder, 32 * 300 * 4 * (8 * hiddenSize + 3 * widest)).tokens, 300);
  t.equal(sizeBatches(decoder, 32 * 20 * 12 * vocabSize).rows, 20);
  t.same(sizeBatches(decoder, 1), { tokens: 128, rows: 8 }, 'never less than can be computed');
  t.same(sizeBatches({ ...decoder, vocabSize: 262_144 }, 2 ** 32).rows, 42, 'a vocabulary of 262,144 on 4 GiB');
});
