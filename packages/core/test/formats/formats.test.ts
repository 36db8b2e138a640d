import t from 'tap';
import { bitsPerWeight, decodeWeight, encodeAffine, storeDense, tensorFormats } from '@lowbit/core';
import type { EncodedPart } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import type { GridSpec, Kernels } from '@lowbit/kernels';

const rows = 6;
const cols = 70;
/** ggml's test data, 0.1 + 2 cos i, spread over rows of different size. */
const weight = {
  rows,
  cols,
  data: Float32Array.from({ length: rows * cols }, (_, i) => (0.1 + 2 * Math.cos(i)) * (1 + Math.floor(i / cols))),
};

/** How each format of the table stores the sample. A format without an entry fails the walk below. */
const samples: Record<string, (kernels: Kernels) => Promise<EncodedPart>> = {
  affine: (kernels) => {
    const spec: GridSpec = { grid: { name: 'gptq', symmetric: false, bits: 4 }, granularity: 'group', groupSize: 35 };
    return encodeAffine(weight, spec, kernels);
  },
  dense: () => Promise.resolve(storeDense(weight.data, rows, cols)),
};

for (const implementation of ['native', 'reference'] as const) {
  t.test(`${implementation} kernels: every format decodes its own bytes`, async (t) => {
    const kernels = await loadKernels({ implementation }).catch(() => loadKernels({ implementation: 'reference' }));
    for (const { name } of tensorFormats) {
      const part = await samples[name]?.(kernels);
      t.ok(part, `${name} has a sample`);
      if (part === undefined) continue;
      const once = await decodeWeight({ rows, cols, parts: [part] }, kernels);
      t.equal(once.length, rows * cols);
      t.same(await decodeWeight({ rows, cols, parts: [part] }, kernels), once, 'decoding is repeatable');
      const worst = Math.max(...once.map((value, i) => Math.abs(value - (weight.data[i] as number))));
      // Half a step of the widest row: range 4 x 6 over 15 steps.
      t.ok(worst <= (4 * rows) / 15 / 2 + 1e-5, `${name}: largest error ${worst}`);
    }
  });
}

t.test('bits per weight count every stored byte', async (t) => {
  const kernels = await loadKernels();
  const part = await (samples['affine'] as (kernels: Kernels) => Promise<EncodedPart>)(kernels);
  // A row: 70 codes of 4 bits, 2 scales of 32 bits, 2 zero points of 4 bits.
  t.equal(bitsPerWeight({ rows, cols, parts: [part] }), (70 * 4 + 2 * 32 + 2 * 4) / 70);
});

t.test('a weight is the sum of its parts', async (t) => {
  const kernels = await loadKernels();
  const part = storeDense(weight.data, rows, cols);
  t.same(
    await decodeWeight({ rows, cols, parts: [part, part] }, kernels),
    weight.data.map((value) => value + value),
  );
});

t.test('scales are stored in the type asked for, and codes fit the stored scale', async (t) => {
  const kernels = await loadKernels();
  for (const scaleType of ['float16', 'bfloat16'] as const) {
    const spec: GridSpec = {
      grid: { name: 'compressed-tensors', symmetric: true, bits: 3 },
      granularity: 'channel',
      groupSize: cols,
      scaleType,
    };
    const part = await encodeAffine(weight, spec, kernels);
    t.same(part.spec, spec, 'a part records its grid');
    t.equal(part.arrays['scales']?.data.length, rows * 2);
    const decoded = await decodeWeight({ rows, cols, parts: [part] }, kernels);
    const scales = await kernels.widen(
      part.arrays['scales']?.data as Uint8Array,
      scaleType === 'float16' ? 'F16' : 'BF16',
    );
    decoded.forEach((value, i) => {
      const code = value / (scales[Math.floor(i / cols)] as number);
      if (Math.abs(code - Math.round(code)) > 1e-5) t.fail(`value ${i} is no multiple of its stored scale`);
      // Interior weights round to the nearest multiple of the stored scale.
      const ideal = (weight.data[i] as number) / (scales[Math.floor(i / cols)] as number);
      if (Math.abs(ideal) < 3.4 && Math.abs(ideal - Math.round(code)) > 0.5001)
        t.fail(`value ${i} was coded with another scale`);
    });
  }
  t.end();
});

t.test('an unknown format is an error', async (t) => {
  const kernels = await loadKernels();
  await t.rejects(decodeWeight({ rows, cols, parts: [{ format: 'e8', spec: {}, arrays: {} }] }, kernels), {
    code: 'FORMAT_UNKNOWN',
  });
});
