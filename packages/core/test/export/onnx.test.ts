import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import t from 'tap';
import { exportArtifact, findExportFormat } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { exportGolden } from '../fixtures/export-goldens.js';
import { tinyIds, tinyLosses } from '../fixtures/losses.js';
import { makeTinyArtifact } from '../fixtures/tiny-artifact.js';
import type { TinyArtifactOptions } from '../fixtures/tiny-artifact.js';

const kernels = await loadKernels();

/** Products of float32 activations with decoded weights, in another order of sums. */
const tolerance = 1e-5;

/** Losses from the logits of a plain session that knows nothing of Lowbit. */
async function sessionLosses(folder: string): Promise<number[]> {
  const session = await ort.InferenceSession.create(join(folder, 'model.onnx'), { logSeverityLevel: 3 });
  const ids = BigInt64Array.from(tinyIds, BigInt);
  const { logits } = await session.run({ input_ids: new ort.Tensor('int64', ids, [1, ids.length]) });
  await session.release();
  const [, , width] = logits?.dims as [number, number, number];
  const data = logits?.data as Float32Array;
  return [...tinyIds.subarray(1)].map((target, i) => {
    const row = [...data.subarray(i * width, (i + 1) * width)];
    const most = Math.max(...row);
    return most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0)) - (row[target] as number);
  });
}

const cases: Record<string, TinyArtifactOptions> = {
  'llama, symmetric': {},
  'llama, asymmetric, the golden': exportGolden('onnx').options,
  'llama, asymmetric, float32 scales': { grid: { symmetric: false, scaleType: 'float32' } },
  'llama, 8 bits, a row': { grid: { bits: 8, granularity: 'channel', symmetric: false } },
  'llama, groups of 16': { grid: { groupSize: 16 } },
  'a layer stays float': { layerGrid: (name) => (name.endsWith('.0.mlp.down_proj') ? null : undefined) },
  opt: { family: 'opt' },
  'opt-350m': { family: 'opt-350m', grid: { symmetric: false } },
  'gpt2, 8 bits': { family: 'gpt2', grid: { bits: 8 } },
  qwen3: { family: 'qwen3' },
  'mistral, a window of 24': { family: 'mistral' },
  'operators of the recipe': {
    edit: (draft) => {
      for (const { layers } of draft.blocks)
        for (const { linear } of layers)
          draft.setOperators(`${linear.name}.input`, [
            { kind: 'scale', factors: new Float32Array(linear.cols).fill(0.75) },
          ]);
    },
  },
};

for (const [name, options] of Object.entries(cases))
  t.test(name, async (t) => {
    const folder = t.testdir();
    const { artifact } = await makeTinyArtifact(folder, options);
    const out = join(folder, 'out');
    await exportArtifact(artifact, findExportFormat('onnx'), out, kernels);
    t.ok((await readdir(out)).includes('model.onnx.data'));
    const ours = await tinyLosses(artifact, folder);
    const theirs = await sessionLosses(out);
    const worst = Math.max(...ours.map((loss, i) => Math.abs(loss - (theirs[i] ?? NaN))));
    t.ok(worst < tolerance, `largest difference of a token ${worst}`);
  });
