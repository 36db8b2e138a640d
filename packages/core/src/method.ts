import type { ColumnStatistics, Kernels, Matrix } from '@lowbit/kernels';
import type { z } from './options.js';
import type { Operator, SampledSite, Site } from './draft/operators.js';
import type { AffineSpec } from './formats/affine.js';
import type { EncodedPart } from './formats/format.js';
import type { Edit } from './draft/draft.js';
import type { Block, Decoder, End, Linear, TensorView } from './model/decoder.js';
import type { LayerRecord } from './store/types.js';

/** What a method may ask to be collected over the inputs of a linear. */
export type StatisticKind = 'hessian' | 'columns' | 'samples';

/** Where on a linear statistics are taken: behind the operators at its input, or those at its output. */
export type StatisticPlace = 'input' | 'output';

/** Which activations feed a block's statistics: those of the float model, or of the model quantized so far. */
export type CalibrationInputs = 'float' | 'quantized';

export interface Needs {
  /** May be empty: `sample` and `replay` need the inputs alone. */
  statistics: readonly StatisticKind[];
  inputs: CalibrationInputs;
  /** Whether it will replay modules after it asked for statistics: one pass then serves both. */
  replays?: boolean | undefined;
}

/** Over all calibration tokens, at one linear's input, or output: `cols` are its rows then. All values are finite. */
export interface Statistics {
  tokens: number;
  /** `[cols, cols]`: sum of x xt. GPTQ's 2/N is a factor that no code depends on. */
  hessian?: Float32Array | undefined;
  columns?: ColumnStatistics | undefined;
  /** `[n, cols]`: every (tokens div 512)-th input, at least 512 of them where there are as many. */
  samples?: Float32Array | undefined;
}

/** Values at a site of a block's attention over calibration tokens. */
export interface SiteSamples {
  tokens: number;
  /** `[tokens, width]`, all heads of a token side by side. Others may hold them too: read only. */
  values: Float32Array;
  /** Of each token in its sequence. */
  positions: Int32Array;
}

/** Half of a block, from its norm to before the residual addition. */
export type BlockModule = 'attention' | 'mlp';

/** A module with its inputs and outputs over all calibration tokens. */
export interface Replay {
  /** Runs of calibration sequences, which errors are taken of one by one: a search may leave a bad candidate early. */
  readonly parts: number;
  /** Values that all parts hold: the mean squared difference is the sum over the parts divided by it. */
  readonly values: number;
  /**
   * Sum of squared differences over one part between the module's output with these weights, `[rows, cols]`, and the one
   * that it had when opened.
   */
  error(weights: ReadonlyMap<LayerDraft, Float32Array>, part: number): Promise<number>;
}

/**
 * One quantization algorithm. It sees the draft through the hooks' arguments and nothing else; reading files, running
 * blocks, sharing work between recipes and storing the result are the host's.
 */
export interface Method<Schema extends z.ZodObject = z.ZodObject> {
  name: string;
  /** Raise it when a result can change: it is part of a cell's digest. */
  version: string;
  description: string;
  /** Paper and reference code. */
  source: string;
  /** Every option with its default and range. */
  options: Schema;
  /**
   * Options that layers may differ in: read them with `context.optionsFor`. Absent: it treats no single layers, and recipes
   * may neither override nor leave out any. Those that `needs` and `ends` read are none of them.
   */
  layerOptions?: readonly (keyof z.output<Schema> & string)[];
  /** Which of embedding and head it treats beside the blocks' linears, as `draft.embedding` and `draft.head`. Absent: none. */
  ends?(options: z.output<Schema>): readonly End[];
  /** What it changes; the host refuses recipes whose order makes no sense. Absent: anything, anywhere. */
  acts?: 'rotation' | 'scale' | 'weights' | 'activations' | 'cache';
  /** What it will ask of calibration; absent or undefined: it never triggers it. */
  needs?(options: z.output<Schema>): Needs | undefined;
  /**
   * What it will leave behind on this model, as far as its options say so. Called before anything is read or run: the place
   * to throw for what they cannot do, naming layer, option and remedy. It may be called often.
   */
  plan?(decoder: Decoder, context: PlanContext<z.output<Schema>>): MethodPlan;
  /** Nominal bits of the weights, for tables. */
  bits?(options: z.output<Schema>): number;
  /** Once, before block 0, the whole model: fold, rotate, permute, set quantizers. */
  prepare?(draft: ModelDraft, context: MethodContext<z.output<Schema>>): Promise<void>;
  /** For each block in order. */
  block?(block: BlockDraft, context: MethodContext<z.output<Schema>>): Promise<void>;
  /** Once, after the last block. */
  finish?(draft: ModelDraft, context: MethodContext<z.output<Schema>>): Promise<void>;
}

/** A step on a model of which nothing but the structure is known. */
export interface PlanContext<Options> {
  readonly options: Options;
  /** Those that the step treats, head and embedding included, each with the step's options and what the recipe overrides for it. */
  readonly layers: ReadonlyMap<Linear, Options>;
  /** What the steps before it will leave there. */
  operators(site: Site): readonly Operator[];
}

/** Of one step; the host joins the steps of a recipe. */
export interface MethodPlan {
  grids?: Iterable<readonly [Linear, PlannedGrid]> | undefined;
  /** Behind what is at these sites; arrays and calibrated ranges may be stand-ins. */
  operators?: Iterable<readonly [Site, Operator]> | undefined;
}

/** How one linear will be stored. */
export interface PlannedGrid extends AffineSpec {
  /** Groups do not lie in order. */
  groupIndex?: boolean | undefined;
}

/** Identity, for its types: `export const rtn = defineMethod({...})`. */
export function defineMethod<Schema extends z.ZodObject>(method: Method<Schema>): Method<Schema> {
  return method;
}

export interface MethodContext<Options> {
  readonly options: Options;
  /** The step's options with what the recipe overrides for this layer. */
  optionsFor(layer: LayerDraft): Options;
  readonly kernels: Kernels;
}

/** The model while a recipe edits it. */
export interface ModelDraft {
  readonly decoder: Decoder;
  readonly blocks: readonly BlockDraft[];
  /**
   * There where `ends` names it and no override leaves it out; encode it in `prepare`, so that calibration sees it. A tied
   * head reads the same rounded values.
   */
  readonly embedding?: LayerDraft | undefined;
  /** Likewise, for `finish`; a tied one has got a tensor of its own by then. */
  readonly head?: LayerDraft | undefined;
  /** In `finish`: statistics at the head's input, behind the last norm. */
  statistics(layers: readonly LayerDraft[], kinds: readonly StatisticKind[]): Promise<Map<LayerDraft, Statistics>>;
  /** A parameter as it stands, float32 in its stored shape (norm gains, embeddings, biases, linears). */
  read(tensor: string): Promise<Float32Array>;
  /** Replaces a parameter by a float32 one of the same shape. */
  write(tensor: string, values: Float32Array): void;
  /** Changes a parameter when it is next read, after the edits before; costs nothing until its block's turn. */
  edit(tensor: string, edit: Edit): void;
  /** The bias of a linear or of the head; zeros in a tensor `<name>.bias` where the family has none. */
  addBias(owner: { bias?: TensorView | undefined }, name: string, rows: number): TensorView;
  /** Gives a head that shares the embedding's tensor one of its own, equal so far. */
  untieHead(): void;
  operators(site: Site): readonly Operator[];
  setOperators(site: Site, operators: readonly Operator[]): void;
}

export interface BlockDraft {
  readonly index: number;
  readonly model: ModelDraft;
  readonly block: Block;
  /** Those that the step treats: a layer that its recipe leaves out is not there, and may leave a stage in part. */
  readonly layers: readonly LayerDraft[];
  /** The layers in true-sequential order: {q,k,v}, {o}, {gate,up}, {down}. */
  readonly stages: readonly (readonly LayerDraft[])[];
  /**
   * Statistics at the inputs (or outputs) of these layers with the block as edited so far. One pass serves all of them,
   * and all recipes of the run that stand at the same point. Throws CALIBRATION_VALUE where a value is NaN or infinite.
   */
  statistics(
    layers: readonly LayerDraft[],
    kinds: readonly StatisticKind[],
    place?: StatisticPlace,
  ): Promise<Map<LayerDraft, Statistics>>;
  /**
   * Values that pass a site of the attention, behind its transforms, with the block as edited so far: `limit` evenly spaced
   * tokens, or all where there are no more.
   */
  sample(site: SampledSite, limit: number): Promise<SiteSamples>;
  /** For searches against a module's own output: its inputs and outputs with the block as edited so far. */
  replay(module: BlockModule): Promise<Replay>;
}

/** One linear. Weights are `[rows, cols]` = `[outputs, inputs]`, whatever way the checkpoint stores them. */
export interface LayerDraft {
  readonly linear: Linear;
  /** The weight as it stands, decoded to float32. */
  weight(): Promise<Matrix>;
  /** Replaces the float weight (an exact fold, a pre-processing). */
  setWeight(values: Float32Array): void;
  /** Decides how the weight is stored: the sum of these parts. `record` goes to the result. */
  encode(parts: EncodedPart[], record: EncodeRecord): Promise<void>;
}

/** What a method reports of a layer; the host adds errors of the weight and stored bits. */
export type EncodeRecord = Pick<LayerRecord, 'method'> &
  Partial<
    Pick<
      LayerRecord,
      'outputError' | 'squaredOutputError' | 'rtnSquaredOutputError' | 'hessianTrace' | 'fallback' | 'notes'
    >
  >;
