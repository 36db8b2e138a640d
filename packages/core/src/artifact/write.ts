import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kernels } from '@lowbit/kernels';
import type { BlockState, Draft } from '../draft/draft.js';
import type { EncodedWeight } from '../formats/format.js';
import type { Checkpoint } from '../model/checkpoint.js';
import { blockLinears } from '../model/decoder.js';
import type { TensorView } from '../model/decoder.js';
import { blockTensors, decoderTensors } from '../model/read-decoder.js';
import { readSafetensorsHeader } from '../model/safetensors.js';
import { writeSafetensors } from '../model/safetensors-write.js';
import type { NewTensor } from '../model/safetensors-write.js';
import { recordRecipe } from '../recipe.js';
import type { ResolvedRecipe } from '../recipe.js';
import type { CalibrationRecord } from '../store/types.js';
import { version } from '../version.js';
import { artifactFile, weightsFile } from './artifact.js';
import type { ArtifactRecord } from './artifact.js';
import { storeOperators } from './operators.js';
import { readTensorBytes } from './tensor-bytes.js';

const copied = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
];

/**
 * Writes one recipe's artifact block by block into `folder.part`; `finish` joins the blocks with what stayed float and
 * renames the folder into place, so that it is there whole or not at all.
 */
export class ArtifactWriter {
  readonly #part: string;
  readonly #weights: ArtifactRecord['weights'] = {};
  readonly #blocks: string[] = [];
  /** Parameters of stored blocks that an edit replaced. */
  readonly #edited = new Set<string>();

  private constructor(
    readonly checkpoint: Checkpoint,
    readonly recipe: ResolvedRecipe,
    readonly folder: string,
  ) {
    this.#part = `${folder}.part`;
  }

  static async create(checkpoint: Checkpoint, recipe: ResolvedRecipe, folder: string): Promise<ArtifactWriter> {
    const writer = new ArtifactWriter(checkpoint, recipe, folder);
    await rm(writer.#part, { recursive: true, force: true });
    await mkdir(writer.#part, { recursive: true });
    return writer;
  }

  /** Stores what the block has encoded or edited; the draft may forget it afterwards. */
  async addBlock({ block, draft, index }: BlockState): Promise<void> {
    const tensors: NewTensor[] = [];
    for (const view of blockTensors(block)) {
      const encoded = draft.encoded.get(view.tensor);
      if (encoded) tensors.push(...this.#describe(view.tensor, encoded));
      else if (draft.isEdited(view.tensor)) {
        tensors.push(editedTensor(view, await draft.read(view.tensor)));
        this.#edited.add(view.tensor);
      }
    }
    const path = join(this.#part, `block-${String(index).padStart(5, '0')}`);
    await writeSafetensors(path, tensors);
    this.#blocks.push(path);
  }

  async finish(draft: Draft, calibration: CalibrationRecord | undefined, kernels: Kernels): Promise<void> {
    const path = join(this.#part, weightsFile);
    const operators = storeOperators(draft.sites);
    const ends = this.#encodedEnds(draft);
    const tensors = [...this.#plainTensors(draft), ...(await this.#blockTensors()), ...ends, ...operators.tensors];
    await writeSafetensors(path, tensors, { format: 'lowbit' });
    for (const block of this.#blocks) await rm(block);
    for (const name of copied)
      await copyFile(join(this.checkpoint.directory, name), join(this.#part, name)).catch(ignoreMissing);
    const { name, decoder, parameters } = this.checkpoint;
    const record: ArtifactRecord = {
      formatVersion: 2,
      lowbit: version,
      model: { name, family: decoder.family, digest: await this.checkpoint.digest(), parameters },
      recipe: recordRecipe(this.recipe),
      ...(calibration ? { calibration } : {}),
      bitsPerWeight: this.#bitsPerWeight(draft),
      digest: await kernels.sha256File(path),
      layers: draft.records,
      decoder: draft.decoder,
      operators: operators.record,
      weights: this.#weights,
    };
    await writeFile(join(this.#part, artifactFile), `${JSON.stringify(record, undefined, 1)}\n`);
    await rm(this.folder, { recursive: true, force: true });
    await rename(this.#part, this.folder);
  }

  /** Leaves nothing behind of a recipe that failed. */
  async discard(): Promise<void> {
    await rm(this.#part, { recursive: true, force: true });
  }

  #describe(tensor: string, { rows, cols, parts }: EncodedWeight): NewTensor[] {
    const named = parts.map(({ format, spec, arrays }, i) => {
      const names = Object.fromEntries(Object.keys(arrays).map((key) => [key, `${tensor}.${i}.${key}`]));
      return { record: { format, spec, arrays: names }, arrays };
    });
    this.#weights[tensor] = { rows, cols, parts: named.map(({ record }) => record) };
    return named.flatMap(({ record, arrays }) =>
      Object.entries(arrays).map(([key, { dtype, shape, data }]) => ({
        name: record.arrays[key] as string,
        dtype,
        shape,
        data,
      })),
    );
  }

  /** What no block stored: as it lies in the checkpoint, or float32 where an edit replaced it. */
  #plainTensors(draft: Draft): NewTensor[] {
    const isStored = (name: string): boolean => this.#weights[name] !== undefined || this.#edited.has(name);
    const edited = decoderTensors(draft.decoder).filter(({ tensor }) => !isStored(tensor) && draft.isEdited(tensor));
    const names = new Set(edited.map(({ tensor }) => tensor));
    const kept = [...this.checkpoint.tensors.values()].filter(({ name }) => !isStored(name) && !names.has(name));
    return [
      ...kept.map((stored) => ({
        name: stored.name,
        dtype: stored.dtype,
        shape: stored.shape,
        data: () => readTensorBytes(stored),
      })),
      ...edited.map((view) => editedTensor(view, () => draft.read(view.tensor))),
    ];
  }

  /** Embedding and head, where a step encoded them. */
  #encodedEnds({ decoder, encoded }: Draft): NewTensor[] {
    const ends = new Set([decoder.embedding.token.tensor, decoder.head.weight.tensor]);
    return [...ends].flatMap((tensor) => {
      const weight = encoded.get(tensor);
      return weight ? this.#describe(tensor, weight) : [];
    });
  }

  /** Stored bits over weights, of the blocks' linears and of embedding and head where they are encoded. */
  #bitsPerWeight({ decoder, records }: Draft): number {
    const encoded = new Set(records.map(({ layer }) => layer));
    const floats = decoder.blocks.flatMap(blockLinears).filter(({ name }) => !encoded.has(name));
    const counted = [
      ...records.map(({ rows, cols, bitsPerWeight }) => ({ weights: rows * cols, bits: rows * cols * bitsPerWeight })),
      ...floats.map(({ rows, cols, weight: { tensor } }) => {
        const weights = rows * cols;
        // An edit leaves float32.
        const isEdited = this.#edited.has(tensor);
        return { weights, bits: isEdited ? 32 * weights : 8 * (this.checkpoint.tensors.get(tensor)?.bytes ?? 0) };
      }),
    ];
    const sum = (key: 'weights' | 'bits'): number => counted.reduce((total, each) => total + each[key], 0);
    return sum('bits') / sum('weights');
  }

  async #blockTensors(): Promise<NewTensor[]> {
    const files = await Promise.all(this.#blocks.map((path) => readSafetensorsHeader(path)));
    return files.flatMap(({ tensors }) =>
      [...tensors.values()].map((stored) => ({
        name: stored.name,
        dtype: stored.dtype,
        shape: stored.shape,
        data: () => readTensorBytes(stored),
      })),
    );
  }
}

function editedTensor({ tensor, shape }: TensorView, values: Float32Array | (() => Promise<Float32Array>)): NewTensor {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
    new Uint8Array(buffer, byteOffset, byteLength);
  const data = typeof values === 'function' ? async () => bytes(await values()) : bytes(values);
  return { name: tensor, dtype: 'F32', shape, data };
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
