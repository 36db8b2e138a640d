import { join } from 'node:path';
import t from 'tap';
import { inspectSubject, openSubject, sizeBatches } from '@lowbit/core';
import type { Pack } from '@lowbit/core';
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

t.test('where memory is short one body goes before the next is opened, and the losses stay', async (t) => {
  const folder = t.testdir();
  const directory = join(folder, 'model');
  await makeTinyCheckpoint(directory, {});
  const kernels = await loadKernels();
  const sequence = Int32Array.from({ length: 20 }, (_, i) => (i * i * 31 + 7) % 250);
  const places = Int32Array.from({ length: 12 }, (_, i) => i);
  const whole: Pack = {
    ids: sequence.subarray(0, 12),
    positions: places,
    ends: new Int32Array(12).fill(12),
    rows: Int32Array.of(0, 12),
    sources: places,
    targets: sequence.subarray(1, 13),
  };
  const behind = { ...whole, ids: sequence.subarray(8), positions: places.map((at) => at + 8) };
  const continued: Pack = {
    ...{ ...behind, trunk: sequence.subarray(0, 8), sources: places.subarray(0, 11), targets: sequence.subarray(9) },
  };
  const score = async (): Promise<number[]> => {
    const subject = await openSubject(directory, { kernels, device: { name: 'cpu', threads: 1 }, workFolder: folder });
    // Plain, packed, continued and plain again.
    const first = await subject.scorer.scoreSequences([sequence]);
    const packs = await subject.scorer.scorePacks([whole, continued]);
    const again = await subject.scorer.scoreSequences([sequence]);
    await subject.release();
    return [...first, ...packs.map(({ nll }) => nll), ...again].flatMap((nll) => [...nll]);
  };
  const roomy = await score();
  let asked = 0;
  const { availableMemory } = process;
  t.teardown(() => (process.availableMemory = availableMemory));
  process.availableMemory = () => (asked++, 0);
  t.same(await score(), roomy);
  t.equal(asked, 4, 'each change of body opened one');
});
