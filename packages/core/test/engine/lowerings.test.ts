import { join } from 'node:path';
import t from 'tap';
import { openSubject } from '@lowbit/core';
import type { Pack } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { makeTinyCheckpoint } from '../fixtures/tiny-checkpoint.js';
import type { TinyCheckpointOptions } from '../fixtures/tiny-checkpoint.js';

/** Same sums in another order: float32 over some 100 terms a product, two blocks deep. */
const sameLoss = 2e-5;

const cases: TinyCheckpointOptions[] = [
  { family: 'llama' },
  { family: 'llama', dtype: 'BF16', shards: 2 },
  { family: 'llama', dtype: 'F16', config: { head_dim: 8, num_attention_heads: 8 } },
  { family: 'mistral', config: { sliding_window: 5 } },
  { family: 'qwen2' },
  { family: 'qwen3' },
  { family: 'opt' },
  { family: 'opt', config: { do_layer_norm_before: false } },
  { family: 'gpt2' },
];

const ids = (seed: number, length: number): Int32Array =>
  Int32Array.from({ length }, (_, i) => (seed * 7919 + i * i * 31 + i * 17) % 250);

/** A sequence as a tree without branches. */
function packOf(sequence: Int32Array): Pack {
  const { length } = sequence;
  const indices = Int32Array.from({ length }, (_, i) => i);
  return {
    ids: sequence,
    positions: indices,
    ends: indices.map(() => length),
    rows: Int32Array.of(0, length),
    sources: indices.slice(0, -1),
    targets: sequence.slice(1),
  };
}

/** Two branches after a common prefix, and a second tree beside them, in one row or in two. */
function branchedPack(
  prefix: Int32Array,
  first: Int32Array,
  second: Int32Array,
  other: Int32Array,
  apart = false,
): Pack {
  const [p, a, b, o] = [prefix.length, first.length, second.length, other.length];
  const all = [...prefix, ...first, ...second, ...other];
  const range = (n: number, from: number): number[] => Array.from({ length: n }, (_, i) => from + i);
  const whole = p + a + b + o;
  return {
    ids: Int32Array.from(all),
    positions: Int32Array.from([...range(p, 0), ...range(a, p), ...range(b, p), ...range(o, 0)]),
    ends: Int32Array.from([
      ...range(p, 0).map(() => p + a + b),
      ...range(a, 0).map(() => p + a),
      ...range(b, 0).map(() => p + a + b),
      ...range(o, 0).map(() => whole),
    ]),
    rows: Int32Array.from(apart ? [0, p + a + b, whole] : [0, whole]),
    sources: Int32Array.from([p - 1, ...range(a - 1, p), p - 1, ...range(b - 1, p + a), ...range(o - 1, p + a + b)]),
    targets: Int32Array.from([...first, ...second, ...other.slice(1)]),
  };
}

/** The rest of a prefix behind its trunk, and branches after it. */
function continued(trunk: Int32Array, prefix: Int32Array, branches: Int32Array[]): Pack {
  const rest = prefix.subarray(trunk.length);
  const none = new Int32Array(0);
  const [first = none, second = none] = branches;
  const pack = branchedPack(rest, first, second, none);
  const kept = [...pack.targets.keys()].slice(0, first.length + second.length);
  return {
    ...pack,
    trunk,
    positions: pack.positions.map((position) => position + trunk.length),
    sources: Int32Array.from(kept, (at) => pack.sources[at] as number),
    targets: Int32Array.from(kept, (at) => pack.targets[at] as number),
  };
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - (b[i] as number))), a.length === b.length ? 0 : Infinity);
}

for (const options of cases) {
  t.test(`${JSON.stringify(options)}: fused, general and packed give the same losses`, async (t) => {
    const directory = join(t.testdir(), 'model');
    await makeTinyCheckpoint(directory, options);
    const kernels = await loadKernels();
    const open = (lowering: 'auto' | 'general') =>
      openSubject(directory, {
        kernels,
        device: { name: 'cpu', threads: 1 },
        workFolder: directory,
        maxLength: 64,
        lowering,
      });
    const fused = await open('auto');
    const general = await open('general');
    const sequences = [ids(1, 33), ids(2, 33), ids(3, 12)];
    const plain = await fused.scorer.scoreSequences(sequences);
    const other = await general.scorer.scoreSequences(sequences);
    const packed = await fused.scorer.scorePacks(sequences.map(packOf));
    const packedGeneral = await general.scorer.scorePacks(sequences.map(packOf));
    for (const [i, nll] of plain.entries()) {
      t.ok(largestDifference(nll, other[i] ?? []) < sameLoss, 'general');
      t.ok(largestDifference(nll, packed[i]?.nll ?? []) < sameLoss, 'packed');
      t.ok(largestDifference(nll, packedGeneral[i]?.nll ?? []) < sameLoss, 'packed general');
    }
    t.ok(new Set(plain[0]).size > 20, 'losses differ from token to token');

    const [prefix, first, second, beside] = [ids(4, 11), ids(5, 4), ids(6, 7), ids(7, 9)];
    const [tree] = await fused.scorer.scorePacks([branchedPack(prefix, first, second, beside)]);
    const alone = await fused.scorer.scoreSequences([
      Int32Array.from([...prefix, ...first]),
      Int32Array.from([...prefix, ...second]),
      beside,
    ]);
    const expected = [...(alone[0]?.slice(10) ?? []), ...(alone[1]?.slice(10) ?? []), ...(alone[2] ?? [])];
    t.ok(largestDifference(tree?.nll ?? [], expected) < sameLoss, 'branches do not see each other');
    for (const { scorer } of [fused, general]) {
      const [inRows] = await scorer.scorePacks([branchedPack(prefix, first, second, beside, true)]);
      t.ok(largestDifference(inRows?.nll ?? [], expected) < sameLoss, 'nor do rows');
      const trunk = prefix.subarray(0, 8);
      const grown = [continued(trunk, prefix, [first, second]), continued(trunk, prefix, [second])];
      const [both, one] = await scorer.scorePacks([...grown, continued(prefix.subarray(0, 3), prefix, [first])]);
      const [firsts = [], seconds = []] = alone.map((nll) => nll.slice(10));
      t.ok(largestDifference(both?.nll ?? [], [...firsts, ...seconds]) < sameLoss, 'a trunk is continued');
      t.ok(largestDifference(one?.nll ?? [], seconds) < sameLoss, 'a trunk is continued again');
    }
    await fused.release();
    await general.release();
  });
}

t.test('attention of a long sequence in parts gives the losses of the square', async (t) => {
  const long: TinyCheckpointOptions[] = [
    { family: 'llama', config: { max_position_embeddings: 640 } },
    { family: 'mistral', config: { max_position_embeddings: 640, sliding_window: 5 } },
    { family: 'mistral', config: { max_position_embeddings: 640, sliding_window: 300 } },
    { family: 'qwen3', config: { max_position_embeddings: 640 } },
    { family: 'gpt2', config: { n_positions: 640 } },
  ];
  const folder = t.testdir();
  const kernels = await loadKernels();
  for (const [i, options] of long.entries()) {
    const directory = join(folder, `model-${i}`);
    await makeTinyCheckpoint(directory, options);
    const open = (lowering: 'auto' | 'general') =>
      openSubject(directory, { kernels, device: { name: 'cpu', threads: 2 }, workFolder: folder, lowering });
    const [fused, general] = [await open('auto'), await open('general')];
    // At the border, above it, and of a length that the parts do not divide.
    const sequences = [ids(1, 512), ids(2, 513), ids(3, 601), ids(4, 601), ids(5, 40)];
    const found = await fused.scorer.scoreSequences(sequences);
    const expected = await general.scorer.scoreSequences(sequences);
    for (const [at, nll] of found.entries())
      t.ok(largestDifference(nll, expected[at] ?? []) < sameLoss, `${options.family}, ${sequences[at]?.length} tokens`);
    await fused.release();
    await general.release();
  }
});
