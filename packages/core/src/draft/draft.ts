import type { Kernels, Matrix } from '@lowbit/kernels';
import { LowbitError } from '../errors.js';
import { decodeWeight } from '../formats/index.js';
import { bitsPerWeight } from '../formats/format.js';
import type { EncodedPart, EncodedWeight } from '../formats/format.js';
import type {
  BlockModule,
  EncodeRecord,
  LayerDraft,
  Replay,
  SiteSamples,
  StatisticKind,
  StatisticPlace,
  Statistics,
} from '../method.js';
import { blockLinears, blockStages, embeddingLinear, headLinear } from '../model/decoder.js';
import type { Block, Decoder, Linear, TensorView } from '../model/decoder.js';
import { blockTensors } from '../model/read-decoder.js';
import type { LayerRecord } from '../store/types.js';
import type { Operator, SampledSite, Site } from './operators.js';

/** What a draft reads the float model through. */
export interface FloatModel {
  readonly decoder: Decoder;
  /** float32, in the stored shape. */
  read(tensor: string): Promise<Float32Array>;
}

/** What a draft asks of the host that runs its blocks. */
export interface DraftHost {
  statistics(
    block: BlockState,
    layers: readonly LayerState[],
    kinds: readonly StatisticKind[],
    place: StatisticPlace,
  ): Promise<Map<LayerDraft, Statistics>>;
  sample(block: BlockState, site: SampledSite, limit: number): Promise<SiteSamples>;
  /** At the head's input, behind the last block. */
  headStatistics(kinds: readonly StatisticKind[]): Promise<Statistics>;
  replay(block: BlockState, module: BlockModule): Promise<Replay>;
}

/** Changes a parameter's values, float32 in their stored shape; it may write into what it is given. */
export type Edit = (values: Float32Array) => Float32Array | Promise<Float32Array>;

/**
 * One recipe's edits on a model: replaced and edited parameters, encoded linears, operators at sites. An edit runs when
 * its parameter is read, so that a rotation of a whole model costs no memory before a block's turn. Each step sees it
 * through a `StepDraft`.
 */
export class Draft {
  /** Its own copy: a method may give a linear a bias or the head a weight of its own. */
  readonly decoder: Decoder;
  readonly blocks: readonly BlockState[];
  readonly embedding: LayerState;
  readonly head: LayerState;
  readonly encoded = new Map<string, EncodedWeight>();
  readonly records: LayerRecord[] = [];
  readonly sites = new Map<Site, readonly Operator[]>();
  /** Raised by every edit: equal editions of one draft mean equal activations. */
  edition = 0;
  readonly #values = new Map<string, Float32Array>();
  readonly #edits = new Map<string, Edit[]>();
  /** Tensor that a new one starts from. */
  readonly #origins = new Map<string, string>();
  readonly #forgotten = new Set<string>();

  constructor(
    readonly model: FloatModel,
    readonly kernels: Kernels,
    readonly host: DraftHost,
  ) {
    this.decoder = structuredClone(model.decoder);
    this.blocks = this.decoder.blocks.map((block) => new BlockState(this, block));
    this.embedding = new LayerState(this, () => embeddingLinear(this.decoder));
    this.head = new LayerState(this, () => headLinear(this.decoder));
  }

  async read(tensor: string): Promise<Float32Array> {
    if (this.#forgotten.has(tensor))
      throw new LowbitError(
        'METHOD_FAILED',
        `Expected ${tensor} to be read before its block was stored; read it in the block's own hook.`,
      );
    const held = this.#values.get(tensor)?.slice();
    let values = held ?? (await this.model.read(this.#origins.get(tensor) ?? tensor));
    for (const edit of this.#edits.get(tensor) ?? []) values = await edit(values);
    return values;
  }

  write(tensor: string, values: Float32Array): void {
    this.#values.set(tensor, values);
    this.#edits.delete(tensor);
    this.edition++;
  }

  edit(tensor: string, edit: Edit): void {
    this.#edits.set(tensor, [...(this.#edits.get(tensor) ?? []), edit]);
    this.edition++;
  }

  /** Whether it differs from the checkpoint's, encoding aside. */
  isEdited(tensor: string): boolean {
    return this.#values.has(tensor) || this.#edits.has(tensor) || this.#origins.has(tensor);
  }

  addBias(owner: { bias?: TensorView | undefined }, name: string, rows: number): TensorView {
    if (owner.bias === undefined) {
      owner.bias = { tensor: `${name}.bias`, shape: [rows] };
      this.write(owner.bias.tensor, new Float32Array(rows));
    }
    return owner.bias;
  }

  untieHead(): void {
    const { head, embedding } = this.decoder;
    if (!head.tied) return;
    const { tensor, shape } = embedding.token;
    // Some files store the shared tensor under the head's name.
    const own = tensor === 'lm_head.weight' ? 'lm_head.untied.weight' : 'lm_head.weight';
    this.decoder.head = { ...head, tied: false, weight: { tensor: own, shape } };
    this.#origins.set(own, tensor);
    const held = this.#values.get(tensor);
    if (held) this.#values.set(own, held.slice());
    for (const edit of this.#edits.get(tensor) ?? []) this.edit(own, edit);
    this.edition++;
  }

  operators(site: Site): readonly Operator[] {
    return this.sites.get(site) ?? [];
  }

  setOperators(site: Site, operators: readonly Operator[]): void {
    if (operators.length === 0) this.sites.delete(site);
    else this.sites.set(site, operators);
    this.edition++;
  }

  /** Runs the pending edits of a block's parameters once, for all who read them until it is forgotten. */
  async settle({ block }: BlockState): Promise<void> {
    for (const { tensor } of blockTensors(block)) {
      if (!this.#edits.has(tensor)) continue;
      this.#values.set(tensor, await this.read(tensor));
      this.#edits.delete(tensor);
    }
  }

  /** A stored block's values are dropped, so that memory holds a few blocks and not the model. */
  forget({ block }: BlockState): void {
    for (const { tensor } of blockTensors(block)) {
      if (this.isEdited(tensor)) this.#forgotten.add(tensor);
      this.#values.delete(tensor);
      this.#edits.delete(tensor);
      this.encoded.delete(tensor);
    }
  }

  /** A parameter as the model now computes with it: encoded linears decoded, in the stored shape. */
  async current(view: TensorView): Promise<Float32Array> {
    const encoded = this.encoded.get(view.tensor);
    if (encoded === undefined) return this.read(view.tensor);
    const values = await decodeWeight(encoded, this.kernels);
    return view.transposed ? transpose(values, encoded.rows, encoded.cols) : values;
  }
}

/** One block of a draft. */
export class BlockState {
  readonly index: number;
  readonly layers: readonly LayerState[];
  readonly stages: readonly (readonly LayerState[])[];

  constructor(
    readonly draft: Draft,
    readonly block: Block,
  ) {
    this.index = block.index;
    const byName = new Map(
      blockLinears(block).map((linear) => [linear.name, new LayerState(draft, () => linear, block.index)]),
    );
    this.layers = [...byName.values()];
    this.stages = blockStages(block).map((stage) => stage.map(({ name }) => byName.get(name) as LayerState));
  }

  statistics(
    layers: readonly LayerDraft[],
    kinds: readonly StatisticKind[],
    place: StatisticPlace = 'input',
  ): Promise<Map<LayerDraft, Statistics>> {
    return this.draft.host.statistics(this, layers as readonly LayerState[], kinds, place);
  }

  sample(site: SampledSite, limit: number): Promise<SiteSamples> {
    return this.draft.host.sample(this, site, limit);
  }

  replay(module: BlockModule): Promise<Replay> {
    return this.draft.host.replay(this, module);
  }
}

/** One linear of a draft: of a block, or embedding or head, which an edit may give another tensor. */
export class LayerState implements LayerDraft {
  constructor(
    readonly draft: Draft,
    readonly find: () => Linear,
    readonly block?: number,
  ) {}

  get linear(): Linear {
    return this.find();
  }

  async weight(): Promise<Matrix> {
    const { rows, cols, weight } = this.linear;
    const encoded = this.draft.encoded.get(weight.tensor);
    if (encoded) return { rows, cols, data: await decodeWeight(encoded, this.draft.kernels) };
    const stored = await this.draft.read(weight.tensor);
    return { rows, cols, data: weight.transposed ? transpose(stored, cols, rows) : stored };
  }

  setWeight(values: Float32Array): void {
    const { rows, cols, weight } = this.linear;
    this.draft.write(weight.tensor, weight.transposed ? transpose(values, rows, cols) : values);
  }

  async encode(parts: EncodedPart[], record: EncodeRecord): Promise<void> {
    const { name, role, rows, cols, weight } = this.linear;
    if (this.draft.encoded.has(weight.tensor))
      throw new LowbitError(
        'METHOD_FAILED',
        `Expected each layer to be encoded once, but ${record.method} met ${name} already encoded; keep one encoding step in the recipe.`,
      );
    const original = await this.weight();
    const encoded: EncodedWeight = { rows, cols, parts };
    const decoded = await decodeWeight(encoded, this.draft.kernels);
    this.draft.encoded.set(weight.tensor, encoded);
    this.draft.edition++;
    this.draft.records.push({
      layer: name,
      block: this.block,
      role,
      rows,
      cols,
      bitsPerWeight: bitsPerWeight(encoded),
      weightError: relativeError(original.data, decoded),
      ...record,
    });
  }
}

/** `values` is `[rows, cols]`; the result `[cols, rows]`. */
export function transpose(values: Float32Array, rows: number, cols: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) result[col * rows + row] = values[row * cols + col] as number;
  return result;
}

/** ||a - b|| / ||a||, sums in float64; 0 for two zero matrices. */
export function relativeError(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    difference += (x - (b[i] as number)) ** 2;
    norm += x * x;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / norm);
}
