import { join } from 'node:path';
import {
  decoderTensors,
  LowbitError,
  openCheckpoint,
  quantize,
  readSafetensorsHeader,
  ResidentModel,
  writeSafetensors,
} from '@lowbit/core';
import type { NewTensor, ResolvedRecipe } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';

interface Request {
  checkpoint: string;
  recipe: ResolvedRecipe;
  calibration: readonly Int32Array[];
  sequences: Int32Array[];
  workFolder: string;
}

/**
 * Losses of the model that a recipe computes with and that no artifact stores: parameters as its draft gives them in
 * float32, operators as they stand.
 */
export async function scoreSimulated({ checkpoint, recipe, calibration, sequences, workFolder }: Request) {
  const kernels = await loadKernels();
  const device = { name: 'cpu', threads: 2 };
  const model = await openCheckpoint(checkpoint, kernels);
  const values = new Map<string, Float32Array>();
  const drafts = await quantize({
    ...{ model, sources: model.tensors, recipes: [recipe], calibration, kernels, device, workFolder, budgetBytes: 1e9 },
    onBlock: async (_, { block, draft }) => {
      const outside = new Set(decoderTensors({ ...draft.decoder, blocks: [] }).map(({ tensor }) => tensor));
      for (const view of decoderTensors({ ...draft.decoder, blocks: [block] }))
        if (!outside.has(view.tensor)) values.set(view.tensor, await draft.current(view));
    },
  });
  const draft = drafts.get(recipe);
  if (draft === undefined || draft instanceof LowbitError) throw draft ?? new RangeError('no draft');
  const tensors: NewTensor[] = [];
  for (const view of decoderTensors(draft.decoder)) {
    const data = values.get(view.tensor) ?? (await draft.current(view));
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    tensors.push({ name: view.tensor, dtype: 'F32', shape: view.shape, data: bytes });
  }
  const file = join(workFolder, 'simulated.safetensors');
  await writeSafetensors(file, tensors);
  const sources = new Map<string, { file: string; offset: number; bytes: number; shape: number[]; dtype: 'F32' }>();
  for (const [name, stored] of (await readSafetensorsHeader(file)).tensors)
    sources.set(name, { ...stored, dtype: 'F32' });
  const maxLength = Math.max(...sequences.map(({ length }) => length));
  const scorer = new ResidentModel(draft.decoder, sources, { device, operators: draft.sites, maxLength });
  const losses = await scorer.scoreSequences(sequences);
  await scorer.release();
  return losses;
}
