import { statfs } from 'node:fs/promises';
import { needsCalibration } from './calibration/calibrate.js';
import { LowbitError } from './errors.js';
import { availableMemory, bytesPerToken, sizeBatches } from './engine/batch-size.js';
import { bindLayers } from './layer-options.js';
import { blockLinears, headLinear } from './model/decoder.js';
import type { Decoder } from './model/decoder.js';
import type { PlannedModel } from './plan.js';
import type { ModelInfo } from './outside/model-info.js';
import { statesBudget } from './quantize/hidden-states.js';
import type { ResolvedRecipe } from './recipe.js';

/** Bytes of both kinds, as they are needed or available. */
export interface Resources {
  memory: number;
  disk: number;
}

/** Bytes that work takes, estimated from headers. */
export interface Need {
  memory: number;
  /** On disk, to stay. */
  artifacts: number;
  /** On disk while quantizing: hidden states that do not fit in memory. */
  spilled: number;
  /** On disk while scoring: the weights of artifacts in float32. */
  decoded: number;
}

/** What an estimate looks at. */
type Estimated = Pick<PlannedModel, 'info' | 'calibration' | 'artifacts'>;

/** Workers that compute side by side each hold a model in float32; artifacts and decoded weights go to disk. */
export function estimateNeed(models: readonly Estimated[], missing: ReadonlySet<string>, workers: number): Need {
  const memory = Math.max(...models.map(({ info }) => memoryOf(info)));
  const artifacts = models.map(({ info, artifacts, calibration }) => {
    const { decoder } = info;
    if (!decoder) return { stored: 0, spilled: 0 };
    const wanted = artifacts.filter(({ digest }) => missing.has(digest));
    const linears = decoder.blocks.flatMap(blockLinears).reduce((sum, { rows, cols }) => sum + rows * cols, 0);
    // What stays float is copied as stored, 4 bytes at most.
    const stored = wanted.map(({ recipe }) => nominalBits(recipe, decoder) / 8 + (info.parameters - linears) * 4);
    const streams = wanted.filter(({ recipe }) => needsCalibration(recipe)).length;
    const states = (calibration?.record.tokens ?? 0) * decoder.hiddenSize * 4;
    return { stored: sum(stored), spilled: states > statesBudget() ? 2 * streams * states : 0 };
  });
  // One that is not there yet, or the subject itself.
  const encoded = models.filter(
    ({ info, artifacts }) => info.decoder && (artifacts.length > 0 || info.recipe !== undefined),
  );
  return {
    memory: memory * workers,
    artifacts: sum(artifacts.map(({ stored }) => stored)),
    spilled: sum(artifacts.map(({ spilled }) => spilled)),
    decoded: workers * Math.max(0, ...encoded.map(({ info }) => info.parameters * 4)),
  };
}

function memoryOf(info: ModelInfo): number {
  return info.decoder ? info.parameters * 4 + activationBytes(info.decoder) : info.memoryBytes;
}

/** Of the blocks' linears, and a head untied for it, as each is encoded, float32 at most; a bit a weight is for scales. */
function nominalBits({ steps }: ResolvedRecipe, decoder: Decoder): number {
  const step = steps.find(({ method }) => method.bits !== undefined);
  const bound = step && bindLayers(step, decoder);
  // A tied head that is treated gets a tensor of its own.
  const head = headLinear(decoder);
  const added = decoder.head.tied && bound?.has(head.name) ? [head] : [];
  const bits = [...decoder.blocks.flatMap(blockLinears), ...added].map(({ name, rows, cols }) => {
    const options = bound?.get(name);
    return rows * cols * (((options && step?.method.bits?.(options)) ?? 32) + 1);
  });
  return sum(bits);
}

/** Where everything goes below one folder. */
export function totalNeed({ memory, artifacts, spilled, decoded }: Need): Resources {
  return { memory, disk: artifacts + spilled + decoded };
}

/** RESOURCE_MEMORY or RESOURCE_DISK before long work starts. */
export function checkNeed(need: Resources, available: Resources, folder: string): void {
  if (need.memory > available.memory)
    throw new LowbitError(
      'RESOURCE_MEMORY',
      `Expected at least ${show(need.memory)} of free memory for this, got ${show(available.memory)}; close other programs, use fewer workers or a smaller model.`,
    );
  if (need.disk > available.disk)
    throw new LowbitError(
      'RESOURCE_DISK',
      `Expected at least ${show(need.disk)} of free disk below ${folder} for this, got ${show(available.disk)}; free some space or name another folder.`,
    );
}

/** What this machine can give, control groups included where Node knows them. */
export async function readAvailable(folder: string): Promise<Resources> {
  const { bavail, bsize } = await statfs(folder);
  return { memory: availableMemory(), disk: bavail * bsize };
}

function activationBytes(decoder: Decoder): number {
  const { vocabSize, blocks, contextLength } = decoder;
  const { tokens, rows } = sizeBatches(decoder);
  const length = Math.min(2048, contextLength);
  const heads = Math.max(...blocks.map(({ attention }) => attention.heads));
  return tokens * bytesPerToken(decoder) + 4 * (heads * length * length + 2 * rows * vocabSize);
}

function show(bytes: number): string {
  return bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
