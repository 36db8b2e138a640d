import { LowbitError } from '../errors.js';
import type { LayerOptions } from '../layer-options.js';
import type {
  BlockDraft,
  BlockModule,
  LayerDraft,
  ModelDraft,
  Replay,
  SiteSamples,
  StatisticKind,
  StatisticPlace,
  Statistics,
} from '../method.js';
import type { Block, Decoder, TensorView } from '../model/decoder.js';
import type { BlockState, Draft, Edit, LayerState } from './draft.js';
import type { Operator, SampledSite, Site } from './operators.js';

/** A draft as one step of its recipe sees it: layers that the step leaves out are not there, the rest is the draft's. */
export class StepDraft implements ModelDraft {
  readonly blocks: readonly BlockDraft[];

  /** `options`: of the layers that the step treats. */
  constructor(
    readonly draft: Draft,
    readonly options: LayerOptions,
  ) {
    this.blocks = draft.blocks.map((block) => new StepBlock(this, block));
  }

  get decoder(): Decoder {
    return this.draft.decoder;
  }

  get embedding(): LayerDraft | undefined {
    return this.treats(this.draft.embedding) ? this.draft.embedding : undefined;
  }

  get head(): LayerDraft | undefined {
    return this.treats(this.draft.head) ? this.draft.head : undefined;
  }

  treats({ linear }: LayerDraft): boolean {
    return this.options.has(linear.name);
  }

  async statistics(
    layers: readonly LayerDraft[],
    kinds: readonly StatisticKind[],
  ): Promise<Map<LayerDraft, Statistics>> {
    const other = layers.find((layer) => layer !== this.head);
    if (other)
      throw new LowbitError(
        'METHOD_FAILED',
        `Expected a request for the head's statistics behind the last block, got ${other.linear.name}; ask for a block's layers in its own hook.`,
      );
    const found = await this.draft.host.headStatistics(kinds);
    return new Map(layers.map((layer) => [layer, found]));
  }

  read(tensor: string): Promise<Float32Array> {
    return this.draft.read(tensor);
  }

  write(tensor: string, values: Float32Array): void {
    this.draft.write(tensor, values);
  }

  edit(tensor: string, edit: Edit): void {
    this.draft.edit(tensor, edit);
  }

  addBias(owner: { bias?: TensorView | undefined }, name: string, rows: number): TensorView {
    return this.draft.addBias(owner, name, rows);
  }

  untieHead(): void {
    this.draft.untieHead();
  }

  operators(site: Site): readonly Operator[] {
    return this.draft.operators(site);
  }

  setOperators(site: Site, operators: readonly Operator[]): void {
    this.draft.setOperators(site, operators);
  }
}

/** One block of it. A stage without layers is no stage. */
class StepBlock implements BlockDraft {
  readonly index: number;
  readonly block: Block;
  readonly layers: readonly LayerDraft[];
  readonly stages: readonly (readonly LayerDraft[])[];

  constructor(
    readonly model: StepDraft,
    readonly state: BlockState,
  ) {
    this.index = state.index;
    this.block = state.block;
    const keep = (layers: readonly LayerState[]): LayerState[] => layers.filter((layer) => model.treats(layer));
    this.layers = keep(state.layers);
    this.stages = state.stages.map(keep).filter(({ length }) => length > 0);
  }

  statistics(
    layers: readonly LayerDraft[],
    kinds: readonly StatisticKind[],
    place?: StatisticPlace,
  ): Promise<Map<LayerDraft, Statistics>> {
    return this.state.statistics(layers, kinds, place);
  }

  sample(site: SampledSite, limit: number): Promise<SiteSamples> {
    return this.state.sample(site, limit);
  }

  replay(module: BlockModule): Promise<Replay> {
    return this.state.replay(module);
  }
}
