import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { decodeWeight, exportArtifact, findExportFormat, openArtifact, openQuantizedCheckpoint } from '@lowbit/core';
import type { QuantizedCheckpoint } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { roundTo } from '../fixtures/plain-quantize.js';
import { makeTinyArtifact } from '../fixtures/tiny-artifact.js';

const kernels = await loadKernels();

for (const [format, dtype, type] of [
  ['gptq', 'F16', 'float16'],
  ['awq', 'F16', 'float16'],
  ['compressed-tensors', 'BF16', 'bfloat16'],
] as const)
  t.test(`${format}: weights rounded to ${type} are what a loader decodes, for it decodes to that type`, async (t) => {
    const folder = t.testdir();
    const grid = { scaleType: type, weightType: type };
    const { artifact } = await makeTinyArtifact(folder, { dtype, grid });
    const out = join(folder, 'out');
    await exportArtifact(artifact, findExportFormat(format), out, kernels);
    const config = JSON.parse(await readFile(join(out, 'config.json'), 'utf8')) as { torch_dtype: string };
    t.equal(config.torch_dtype, type);
    const exported = (await openQuantizedCheckpoint(out, kernels)) as QuantizedCheckpoint;
    const { record, readWeight } = await openArtifact(artifact);
    let rounded = 0;
    for (const tensor of Object.keys(record.weights)) {
      const exact = await decodeWeight(
        await (exported.encoded.get(tensor) as () => ReturnType<typeof readWeight>)(),
        kernels,
      );
      const stored = await decodeWeight(await readWeight(tensor), kernels);
      t.same(stored, exact.map(roundTo(type)), tensor);
      rounded += stored.filter((w, i) => w !== exact[i]).length;
    }
    t.ok(rounded > 1000, `${rounded} weights differ from the exact product`);
  });
