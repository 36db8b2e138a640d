import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from '../options.js';
import { LowbitError } from '../errors.js';
import type { EncodedPart, EncodedWeight } from '../formats/format.js';
import type { Operators } from '../draft/operators.js';
import type { Decoder } from '../model/decoder.js';
import { loadOperators } from './operators.js';
import { readTensorBytes } from './tensor-bytes.js';
import { readSafetensorsHeader } from '../model/safetensors.js';
import type { StoredTensor } from '../model/safetensors.js';
import type { CalibrationRecord, LayerRecord, RecipeRecord } from '../store/types.js';

export const artifactFile = 'lowbit.json';
export const weightsFile = 'model.safetensors';

const part = z.object({
  format: z.string(),
  spec: z.record(z.string(), z.unknown()),
  /** Tensor name in model.safetensors by array name. */
  arrays: z.record(z.string(), z.string()),
});

const schema = z.object({
  formatVersion: z.literal(2),
  lowbit: z.string(),
  model: z.object({ name: z.string(), family: z.string(), digest: z.string(), parameters: z.number() }),
  recipe: z.custom<RecipeRecord>((value) => typeof value === 'object' && value !== null && 'steps' in value),
  calibration: z.custom<CalibrationRecord>((value) => typeof value === 'object' && value !== null).optional(),
  bitsPerWeight: z.number(),
  /** sha256 of model.safetensors. */
  digest: z.string(),
  layers: z.custom<LayerRecord[]>((value) => Array.isArray(value)),
  /** The model that the tensors belong to: the checkpoint's, with what edits changed of its structure. */
  decoder: z.custom<Decoder>((value) => typeof value === 'object' && value !== null && 'blocks' in value),
  /** By site. */
  operators: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
  weights: z.record(z.string(), z.object({ rows: z.int(), cols: z.int(), parts: z.array(part) })),
});

/** `lowbit.json`: what is stored beside model.safetensors, config and tokenizer. */
export type ArtifactRecord = z.infer<typeof schema>;

export interface Artifact {
  folder: string;
  record: ArtifactRecord;
  /** Everything in model.safetensors: plain tensors under their own names, arrays of encoded ones under theirs. */
  tensors: ReadonlyMap<string, StoredTensor>;
  readWeight(tensor: string): Promise<EncodedWeight>;
  readOperators(): Promise<Operators>;
}

export async function isArtifact(folder: string): Promise<boolean> {
  return access(join(folder, artifactFile)).then(
    () => true,
    () => false,
  );
}

/** Opens what `quantize` wrote. Errors: ARTIFACT_MISSING, ARTIFACT_DIGEST, CHECKPOINT_HEADER, CHECKPOINT_TENSOR. */
export async function openArtifact(folder: string): Promise<Artifact> {
  const record = await readRecord(folder);
  const { tensors } = await readSafetensorsHeader(join(folder, weightsFile));
  const find = (name: string): StoredTensor => {
    const found = tensors.get(name);
    if (found) return found;
    throw new LowbitError(
      'CHECKPOINT_TENSOR',
      `Expected tensor ${name} in ${folder}, found none; quantize the model again.`,
    );
  };
  return {
    folder,
    record,
    tensors,
    async readWeight(tensor) {
      const weight = record.weights[tensor];
      if (weight === undefined) throw new RangeError(`The artifact holds no encoded weight ${tensor}.`);
      const parts: EncodedPart[] = [];
      for (const { format, spec, arrays } of weight.parts) {
        const stored: EncodedPart = { format, spec, arrays: {} };
        for (const [key, name] of Object.entries(arrays)) {
          const found = find(name);
          stored.arrays[key] = {
            dtype: found.dtype as EncodedPart['arrays'][string]['dtype'],
            shape: found.shape,
            data: await readTensorBytes(found),
          };
        }
        parts.push(stored);
      }
      return { rows: weight.rows, cols: weight.cols, parts };
    },
    readOperators: () =>
      loadOperators(record.operators, async (name) => {
        const found = find(name);
        const { buffer } = (await readTensorBytes(found)).slice();
        return found.dtype === 'I32' ? new Int32Array(buffer) : new Float32Array(buffer);
      }),
  };
}

async function readRecord(folder: string): Promise<ArtifactRecord> {
  const path = join(folder, artifactFile);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new LowbitError(
      'ARTIFACT_MISSING',
      `Expected ${path}, found none; name a folder that lowbit quantize wrote.`,
      { cause },
    );
  });
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new LowbitError(
    'ARTIFACT_DIGEST',
    `Expected ${path} to be a lowbit artifact record, but ${issue?.path.join('.') ?? 'it'} is wrong (${issue?.message ?? 'not JSON'}); quantize the model again.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
