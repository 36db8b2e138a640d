import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  decodeWeight,
  makeArtifacts,
  openArtifact,
  openCheckpoint,
  openSubject,
  Registry,
  resolveRecipe,
} from '@lowbit/core';
import type { LowbitError, StoredTensor } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import type { Kernels } from '@lowbit/kernels';
import { methods, presets } from '@lowbit/methods';
import { truncate } from '../../../templates/method/truncate.js';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';
import type { TinyCheckpointOptions } from '../../core/test/fixtures/tiny-checkpoint.js';

const device = { name: 'cpu', threads: 1 };
export const registry = new Registry();
registry.add({ methods, presets });
registry.add({ methods: [truncate] });

const sequence = (seed: number): Int32Array =>
  Int32Array.from({ length: 64 }, (_, i) => (i * i * 31 + seed * 97 + i) % 250);
const sequences = [0, 1, 2, 3].map(sequence);
const record = { source: 'made', samples: 4, sequenceLength: 64, tokens: 256, seed: undefined, tokenSha256: '' };

/** A seeded random checkpoint with the artifacts of recipes. */
export class TinyRecipes {
  readonly checkpoint: string;
  readonly #places = new Map<string, string>();

  private constructor(readonly folder: string) {
    this.checkpoint = join(folder, 'model');
  }

  static async create(folder: string, options: TinyCheckpointOptions = {}): Promise<TinyRecipes> {
    const tiny = new TinyRecipes(folder);
    await makeTinyCheckpoint(tiny.checkpoint, options);
    return tiny;
  }

  /** Folders, in the order of the recipes; a recipe that fails is its error. */
  async outcome(...texts: string[]): Promise<(string | LowbitError)[]> {
    return this.outcomeBy(await loadKernels(), texts);
  }

  async outcomeBy(kernels: Kernels, texts: readonly string[]): Promise<(string | LowbitError)[]> {
    const recipes = texts.map((text) => ({ recipe: resolveRecipe(text, registry), folder: this.#place(text) }));
    const made = await makeArtifacts({
      checkpoint: this.checkpoint,
      recipes,
      calibration: { sequences, record },
      ...{ kernels, device, workFolder: this.folder },
    });
    return recipes.map(({ recipe, folder }) => made.get(recipe.name) ?? folder);
  }

  async make(text: string): Promise<TinyArtifact> {
    const [made] = await this.outcome(text);
    if (typeof made !== 'string') throw made;
    return openTiny(made);
  }

  async losses(path: string, text: 'other' | 'calibration' = 'other'): Promise<number[]> {
    const options = { kernels: await loadKernels(), device, workFolder: this.folder, maxLength: 64 };
    const subject = await openSubject(path, options);
    const scored = text === 'calibration' ? sequences : [sequence(11), sequence(12)];
    const losses = await subject.scorer.scoreSequences(scored);
    await subject.release();
    return losses.flatMap((nll) => [...nll]);
  }

  /** Mean distance of an artifact's losses from the float model's. */
  async distance(path: string, text: 'other' | 'calibration' = 'other'): Promise<number> {
    const [float, stored] = [await this.losses(this.checkpoint, text), await this.losses(path, text)];
    return stored.reduce((sum, loss, i) => sum + Math.abs(loss - (float[i] ?? NaN)), 0) / stored.length;
  }

  /** A tensor of the float checkpoint. */
  async read(tensor: string): Promise<Float32Array> {
    return (await openCheckpoint(this.checkpoint, await loadKernels())).read(tensor);
  }

  #place(text: string): string {
    const place = this.#places.get(text) ?? join(this.folder, `artifact-${this.#places.size}`);
    this.#places.set(text, place);
    return place;
  }
}

export type TinyArtifact = Awaited<ReturnType<typeof openTiny>>;

async function openTiny(folder: string) {
  const artifact = await openArtifact(folder);
  return {
    ...artifact,
    /** Decoded where it is encoded; what is not is float32 here. */
    async read(tensor: string): Promise<Float32Array> {
      if (artifact.record.weights[tensor]) return decodeWeight(await artifact.readWeight(tensor), await loadKernels());
      const { file, offset, bytes } = artifact.tensors.get(tensor) as StoredTensor;
      return new Float32Array(new Uint8Array((await readFile(file)).subarray(offset, offset + bytes)).buffer);
    },
  };
}

/** Without the difference, which of a whole weight says nothing and takes minutes. */
export function sameFloats(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
