import t from 'tap';
import type { Test } from 'tap';
import type { GptqOptions, GridSpec, Kernels } from '@lowbit/kernels';
import {
  agreement,
  allGrids,
  createInputs,
  createWeight,
  gridTitle,
  randomArray,
  secondMoment,
} from './support/data.js';
import { loadNatives, loadReference, nameOf } from './support/implementations.js';

// Equal in every bit: grids, clip searches, codes, decoded weights, packing, conversions. To a tolerance: what is
// summed or factored, because the native kernels use fused multiply-adds in float32 and the reference float64.

const reference = await loadReference();
const natives = await loadNatives();

/** The sets with fused multiply-adds add in the same order and so agree in every bit among themselves. */
const fused = natives.filter(({ instructionSet }) => ['avx2', 'avx512', 'neon'].includes(instructionSet));

/** Weights with values on ties, tiny and huge ones, and rows that are empty or one-sided. */
function createHardWeight() {
  const weight = createWeight(16, 75, 8);
  const { data } = weight;
  data.fill(0, 0, 75);
  for (let i = 75; i < 150; i++) data[i] = (i % 16) / 2 - 3.5;
  for (let i = 150; i < 225; i++) data[i]! *= 1e-6;
  for (let i = 225; i < 300; i++) data[i]! *= 1e30;
  for (let i = 300; i < 375; i++) data[i] = Math.abs(data[i]!) + 1;
  for (let i = 375; i < 450; i++) data[i] = -Math.abs(data[i]!) - 0.25;
  return weight;
}

const computed = new Map<string, Promise<unknown>>();
/** The reference is slow: what it gave is kept for the next set. */
function once<T>(key: string, compute: () => Promise<T>): Promise<T> {
  if (!computed.has(key)) computed.set(key, compute());
  return computed.get(key) as Promise<T>;
}

/** Two arrays of one type, every bit; a deep comparison of thousands of numbers takes longer than the kernels. */
function sameBits(
  t: Test,
  found: ArrayBufferView | undefined,
  wanted: ArrayBufferView | undefined,
  title: string,
): void {
  const bytes = (view: ArrayBufferView | undefined): Uint8Array | undefined =>
    view && new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const [a, b] = [bytes(found), bytes(wanted)];
  t.equal(found?.constructor, wanted?.constructor, `${title}: type`);
  t.ok(a === b || (a && b && Buffer.compare(a, b) === 0), title);
}

for (const native of natives) {
  t.test(`${nameOf(native)} equals the reference`, async (t) => {
    const weight = createHardWeight();

    await t.test('grids, codes and decoded weights, in every bit', async (t) => {
      const short = { norm: 1.3, steps: 7, maxShrink: 1 };
      const additions: Partial<GridSpec>[] = [
        {},
        { clip: { norm: 2.4, steps: 100, maxShrink: 0.8 } },
        { clip: short },
        { scaleType: 'float16' },
        { scaleType: 'bfloat16', clip: short },
      ];
      for (const grid of allGrids([2, 4, 7, 8])) {
        for (const addition of additions) {
          for (const granularity of ['tensor', 'channel', 'group'] as const) {
            const spec: GridSpec = { grid, granularity, groupSize: 32, ...addition };
            const title = `${gridTitle(grid)} ${granularity} ${JSON.stringify(addition)}`;
            const { parameters, codes, decoded } = await once(title, async () => {
              const parameters = await reference.fitGrid(weight, spec);
              const codes = await reference.encode(weight, spec, parameters);
              return { parameters, codes, decoded: await reference.decode(codes, 16, 75, spec, parameters) };
            });
            const found = await native.fitGrid(weight, spec);
            sameBits(t, found.scales, parameters.scales, `${title} scales`);
            sameBits(t, found.zeroPoints, parameters.zeroPoints, `${title} zero points`);
            t.equal(found.groups, parameters.groups);
            sameBits(t, await native.encode(weight, spec, parameters), codes, `${title} codes`);
            sameBits(t, await native.decode(codes, 16, 75, spec, parameters), decoded, `${title} decoded`);
          }
        }
      }
    });

    await t.test('weights rounded behind factors, in every bit; factors of 1 are plain rounding', async (t) => {
      const layer = createWeight(50, 130, 23);
      const factors = Float32Array.from({ length: 130 }, (_, j) => 0.2 + (j % 17) / 5);
      for (const [i, grid] of allGrids([3, 4]).entries()) {
        const granularity = (['tensor', 'channel', 'group'] as const)[i % 3] ?? 'group';
        const spec: GridSpec = { grid, granularity, groupSize: 48, ...(i % 2 ? { scaleType: 'float16' } : {}) };
        const title = `${gridTitle(grid)} ${granularity}`;
        const [found, wanted] = [native, reference].map((kernels) => kernels.roundScaled(layer, factors, spec));
        sameBits(t, await found, await wanted, title);
        const parameters = await native.fitGrid(layer, spec);
        const plain = await native.decode(await native.encode(layer, spec, parameters), 50, 130, spec, parameters);
        sameBits(
          t,
          await native.roundScaled(layer, new Float32Array(130).fill(1), spec),
          plain,
          `${title}, factors of 1`,
        );
      }
    });

    await t.test('groups clamped by their own output, in every bit', async (t) => {
      const layer = createWeight(9, 130, 41);
      const samples = createInputs(60, 130, 42);
      for (const [i, grid] of allGrids([3, 4]).entries()) {
        const granularity = (['group', 'channel', 'tensor'] as const)[i % 3] ?? 'group';
        const spec: GridSpec = { grid, granularity, groupSize: 48 };
        const [found, wanted] = [native, reference].map((kernels) =>
          kernels.clipGroups(layer, samples, spec, { steps: 20, maxShrink: 0.5 }),
        );
        sameBits(t, await found, await wanted, `${gridTitle(grid)} ${granularity}`);
      }
    });

    await t.test('clip search over several runs', async (t) => {
      const wide = createWeight(2, 9000, 31);
      const spec: GridSpec = {
        grid: { name: 'gptq', symmetric: false, bits: 3 },
        granularity: 'channel',
        groupSize: 1,
        clip: { norm: 2.4, steps: 100, maxShrink: 0.8 },
      };
      for (const granularity of ['tensor', 'channel'] as const) {
        const options = { ...spec, granularity };
        t.strictSame(await native.fitGrid(wide, options), await reference.fitGrid(wide, options), granularity);
      }
    });

    await t.test('16-bit floats', async (t) => {
      const bits = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
      // Random patterns of float32, and values around every float16 and its ties
      const patterns = new Float32Array(Int32Array.from(randomArray(20_000, 5), (x) => x * 2 ** 31).buffer);
      const ties = Float32Array.from({ length: 60_000 }, (_, i) => (1 + i / 4096) * 2 ** ((i % 40) - 30));
      const values = Float32Array.from([...patterns, ...ties]).filter((x) => !Number.isNaN(x));
      for (const dtype of ['F16', 'BF16'] as const) {
        // Not bit by bit: a processor may quiet a signalling NaN.
        t.strictSame(await native.widen(bits, dtype), await reference.widen(bits, dtype), `widen ${dtype}`);
        sameBits(t, await native.narrow(values, dtype), await reference.narrow(values, dtype), `narrow ${dtype}`);
      }
    });

    await t.test('gptq, up to ties', async (t) => {
      const layer = createWeight(50, 130, 17);
      const moment = secondMoment(createInputs(300, 130, 18), 130);
      for (const options of gptqVariants()) {
        const expected = await reference.gptq(layer, moment, options);
        const actual = await native.gptq(layer, moment, options);
        const title = `${options.spec.granularity} ${options.actOrder} ${options.groupScales} ${options.blockSize}`;
        const share = agreement(actual.codes, expected.codes);
        t.ok(share > 0.98, `${title}: ${share} of the codes`);
        t.ok(Math.abs(actual.loss / expected.loss - 1) < 0.01, `${title}: ${actual.loss} for ${expected.loss}`);
        t.strictSame(actual.permutation ?? undefined, expected.permutation, `${title}: permutation`);
        t.strictSame(actual.groupIndex ?? undefined, expected.groupIndex, `${title}: group index`);
        t.ok(Math.abs(actual.damp / expected.damp - 1) < 1e-6);
      }
    });
  });
}

function gptqVariants(): GptqOptions[] {
  const spec: GridSpec = { grid: { name: 'gptq', symmetric: false, bits: 4 }, granularity: 'group', groupSize: 48 };
  return [
    { spec: { ...spec, granularity: 'channel' }, actOrder: 'off', groupScales: 'static' } as const,
    { spec, actOrder: 'off', groupScales: 'static' } as const,
    { spec, actOrder: 'off', groupScales: 'dynamic' } as const,
    { spec: { ...spec, scaleType: 'bfloat16' }, actOrder: 'off', groupScales: 'dynamic' } as const,
    // 48 does not divide 64: groups reach beyond the block
    { spec, actOrder: 'off', groupScales: 'fresh' } as const,
    { spec, actOrder: 'group', groupScales: 'fresh' } as const,
    { spec, actOrder: 'static', groupScales: 'static' } as const,
    { spec, actOrder: 'group-aware', groupScales: 'static' } as const,
    { spec, actOrder: 'group-aware', groupScales: 'dynamic' } as const,
  ].map((options) => ({ ...options, blockSize: 64, dampPercent: 0.01 }));
}

t.test('the sets with fused multiply-adds agree in every bit', async (t) => {
  const cols = 130;
  const inputs = createInputs(700, cols, 2);
  const layer = createWeight(100, cols, 3);
  const compute = async (kernels: Kernels) => {
    const moment = new Float32Array(cols * cols);
    await kernels.addSecondMoment(moment, inputs, 700, cols);
    const results = [];
    for (const options of gptqVariants()) results.push(await kernels.gptq(layer, moment, options));
    return { moment, factor: await kernels.inverseFactor(moment, cols, 0.01), results };
  };
  const [first, ...others] = await Promise.all(fused.map(compute));
  for (const other of others) t.strictSame(other, first);
});
