import { join } from 'node:path';
import { makeArtifacts, openSubject, Registry, resolveRecipe } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { methods, presets } from '@lowbit/methods';

const device = { name: 'cpu', threads: 1 };
export const kernels = await loadKernels();
export const registry = new Registry();
registry.add({ methods, presets });

/** Short sequences of tokens below 200, one of them shorter. */
export const calibrationSequences = Array.from({ length: 6 }, (_, s) =>
  Int32Array.from({ length: s === 5 ? 20 : 40 }, (_, i) => (s * 7919 + i * i * 29 + i * 13) % 200),
);

/** Quantizes a checkpoint by a recipe and gives the artifact's folder. Without sequences there is no calibration. */
export async function makeArtifact(
  checkpoint: string,
  text: string,
  folder: string,
  sequences: readonly Int32Array[] = calibrationSequences,
): Promise<string> {
  const recipe = resolveRecipe(text, registry);
  const artifact = join(folder, text.replaceAll(/\W+/g, '-'));
  const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
  const record = {
    source: 'a formula',
    samples: sequences.length,
    sequenceLength: 40,
    tokens,
    seed: 0,
    tokenSha256: '0',
  };
  const outcome = await makeArtifacts({
    checkpoint,
    recipes: [{ recipe, folder: artifact }],
    ...(sequences.length > 0 ? { calibration: { sequences, record } } : {}),
    kernels,
    device,
    workFolder: folder,
  });
  const error = outcome.get(recipe.name);
  if (error) throw error;
  return artifact;
}

export function openScorer(path: string, workFolder: string) {
  return openSubject(path, { kernels, device, workFolder });
}

export async function lossesOf(path: string, workFolder: string, sequences: Int32Array[]): Promise<Float32Array[]> {
  const subject = await openScorer(path, workFolder);
  const losses = await subject.scorer.scoreSequences(sequences);
  await subject.release();
  return losses;
}

/** Largest difference; NaN where a number is missing. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - (b[i] ?? NaN))));
}
