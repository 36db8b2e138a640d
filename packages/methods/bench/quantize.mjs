// What the benchmarks of this package share: SmolLM2, the calibration tokens of the goldens, timed runs.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeArtifacts, Registry, resolveRecipe } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { methods, presets } from '@lowbit/methods';

export const checkpoint = process.env.LOWBIT_SMOLLM2 ?? join(homedir(), '.cache/lowbit/models/SmolLM2-135M-Instruct');
export const golden = '../shared/reference/golden';
export const calibration = JSON.parse(readFileSync(`${golden}/calibration.json`, 'utf8'));
export const threads = availableParallelism();
export const kernels = await loadKernels();
const registry = new Registry();
registry.add({ methods, presets });

/** Seconds to make the artifacts of these recipes together, storage included. */
export async function quantize(recipes, sequences = calibration) {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-bench-'));
  const start = performance.now();
  try {
    const outcome = await makeArtifacts({
      checkpoint,
      recipes: recipes.map((text, i) => ({ recipe: resolveRecipe(text, registry), folder: join(folder, `${i}`) })),
      calibration: {
        sequences: sequences.map((ids) => Int32Array.from(ids)),
        record: {
          source: 'golden',
          samples: sequences.length,
          sequenceLength: sequences[0].length,
          tokens: sequences.flat().length,
          seed: undefined,
          tokenSha256: '',
        },
      },
      kernels,
      device: { name: 'cpu', threads },
      workFolder: folder,
    });
    for (const error of outcome.values()) if (error) throw error;
    return (performance.now() - start) / 1000;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
