import type { Kernels } from '@lowbit/kernels';
import { isArtifact, openArtifact } from './artifact/artifact.js';
import { ResidentModel } from './engine/model.js';
import type { Operators } from './draft/operators.js';
import type { TensorSource } from './engine/parameters.js';
import type { Device } from './engine/runtime.js';
import type { AttentionLowering } from './engine/lower/scope.js';
import { LowbitError } from './errors.js';
import type { Execution, ExecutionRecord } from './execution.js';
import type { EncodedWeight } from './formats/format.js';
import { openQuantizedCheckpoint } from './import/quantized-checkpoint.js';
import type { QuantizedCheckpoint } from './import/quantized-checkpoint.js';
import { openCheckpoint } from './model/checkpoint.js';
import type { Checkpoint } from './model/checkpoint.js';
import type { Decoder } from './model/decoder.js';
import { checkFinite } from './model/finite.js';
import { isFloatDtype } from './model/dtype.js';
import { decoderTensors } from './model/read-decoder.js';
import { roundRopeFrequencies } from './model/round-rope.js';
import type { RopeFrequencies } from './model/round-rope.js';
import { checkTokenizer, openTokenizer } from './model/tokenizer.js';
import type { Tokenizer } from './model/tokenizer.js';
import { endEncodeThread } from './scoring/encode-thread.js';
import type { ReferenceHead, TokenScorer } from './scoring/token-scorer.js';
import type { CalibrationRecord, LayerRecord, RecipeRecord } from './store/types.js';
import { layOutWeights } from './subject-weights.js';

/** What is known of a checkpoint or artifact before anything is computed. */
export interface SubjectInfo {
  path: string;
  name: string;
  family: string;
  /** Of the float model's files; of the artifact's weights where it is one. */
  digest: string;
  decoder: Decoder;
  parameters: number;
  /** Stored bits per weight of the blocks' linears. */
  bitsPerWeight: number;
  recipe: RecipeRecord | undefined;
  calibration: CalibrationRecord | undefined;
  layers: LayerRecord[];
}

/** A subject ready to be scored. */
export interface Subject extends SubjectInfo {
  execution: ExecutionRecord;
  scorer: TokenScorer;
  tokenizer(): Promise<Tokenizer>;
  release(): Promise<void>;
}

export interface SubjectOptions {
  kernels: Kernels;
  device: Device;
  /** Decoded or laid-out weights of an artifact are spilled here; removed at release. */
  workFolder: string;
  /** Default `simulated`. */
  execution?: Execution | undefined;
  /** Longest sequence to be scored; default the model's context, at most 8,192 positions. */
  maxLength?: number | undefined;
  lowering?: AttentionLowering | undefined;
  /** `bfloat16` emulates models that were cast as a whole; see model/round-rope.ts. Default `float32`, as transformers loads them. */
  ropeFrequencies?: RopeFrequencies | undefined;
}

const defaultMaxLength = 8192;

/** Facts only: headers, config, records. */
export async function inspectSubject(path: string, kernels: Kernels): Promise<SubjectInfo> {
  return (await describe(path, kernels)).info;
}

/**
 * Opens a checkpoint, or an artifact or another tool's quantized checkpoint: encoded weights decoded to float32 and computed
 * in float32, or executed from their codes where onnxruntime has an operator for them and computes it rightly.
 */
export async function openSubject(path: string, options: SubjectOptions): Promise<Subject> {
  const { info, stored, unchecked, encoded = new Map(), readOperators } = await describe(path, options.kernels);
  if (unchecked) await checkFinite(unchecked, options.kernels);
  const { device, kernels, workFolder, lowering, execution = 'simulated' } = options;
  const operators = (await readOperators?.()) ?? new Map();
  const own = { decoder: info.decoder, encoded, operators, execution, kernels, device, workFolder };
  const weights = await layOutWeights(own);
  const maxLength = options.maxLength ?? Math.min(info.decoder.contextLength, defaultMaxLength);
  const decoder =
    options.ropeFrequencies === 'bfloat16' ? await roundRopeFrequencies(info.decoder, options.kernels) : info.decoder;
  const scorer = new ResidentModel(decoder, new Map([...stored, ...weights.sources]), {
    ...{ device, lowering, maxLength },
    operators: weights.operators,
    products: weights.products,
  });
  let tokenizer: Promise<Tokenizer> | undefined;
  return {
    ...info,
    execution: weights.record,
    scorer,
    tokenizer: () => (tokenizer ??= openFittingTokenizer(path, info.decoder)),
    async release() {
      if (tokenizer) await tokenizer.then(endEncodeThread, () => undefined);
      await scorer.release();
      await weights.release();
    },
  };
}

/** The head of a float checkpoint, for comparisons with it. */
export async function openReferenceHead(path: string, kernels: Kernels): Promise<ReferenceHead> {
  const { info, stored } = await describe(path, kernels);
  return { decoder: info.decoder, sources: stored };
}

async function openFittingTokenizer(path: string, decoder: Decoder): Promise<Tokenizer> {
  const tokenizer = await openTokenizer(path);
  checkTokenizer(tokenizer, decoder);
  return tokenizer;
}

interface Described {
  info: SubjectInfo;
  stored: ReadonlyMap<string, TensorSource>;
  /** Float tensors as they came, which may hold anything. */
  unchecked?: Pick<Checkpoint, 'files' | 'tensors'>;
  /** Encoded weights by tensor. */
  encoded?: ReadonlyMap<string, () => Promise<EncodedWeight>>;
  readOperators?: () => Promise<Operators>;
}

async function describe(path: string, kernels: Kernels): Promise<Described> {
  if (await isArtifact(path)) return describeArtifact(path);
  const quantized = await openQuantizedCheckpoint(path, kernels);
  if (quantized) return describeQuantized(path, quantized);
  const checkpoint = await openCheckpoint(path, kernels);
  const { name, decoder, parameters, bitsPerWeight, tensors } = checkpoint;
  const info = {
    path,
    name,
    family: decoder.family,
    digest: await checkpoint.digest(),
    decoder,
    parameters,
    bitsPerWeight,
    recipe: undefined,
    calibration: undefined,
    layers: [],
  };
  return { info, stored: tensors, unchecked: checkpoint };
}

async function describeArtifact(path: string): Promise<Described> {
  const artifact = await openArtifact(path);
  const { record, tensors } = artifact;
  const { decoder } = record;
  const stored = new Map<string, TensorSource>();
  for (const view of decoderTensors(decoder)) {
    const found = tensors.get(view.tensor);
    if (found && isFloatDtype(found.dtype)) stored.set(view.tensor, { ...found, dtype: found.dtype });
    else if (record.weights[view.tensor] === undefined)
      throw new LowbitError(
        'CHECKPOINT_TENSOR',
        `Expected tensor ${view.tensor} in ${path}, found none; quantize the model again.`,
      );
  }
  const { model, recipe, calibration, bitsPerWeight, layers, digest } = record;
  const info = {
    path,
    name: model.name,
    family: model.family,
    digest,
    decoder,
    parameters: model.parameters,
    bitsPerWeight,
    recipe,
    calibration,
    layers,
  };
  const encoded = new Map(
    Object.keys(record.weights).map((tensor) => [tensor, () => artifact.readWeight(tensor)] as const),
  );
  return { info, stored, encoded, readOperators: () => artifact.readOperators() };
}

async function describeQuantized(path: string, checkpoint: QuantizedCheckpoint): Promise<Described> {
  const { name, method, bits, decoder, parameters, bitsPerWeight, tensors, encoded } = checkpoint;
  const info = {
    ...{ path, name, family: decoder.family, digest: await checkpoint.digest(), decoder, parameters, bitsPerWeight },
    recipe: { name: `${method} checkpoint`, steps: [], bits },
    calibration: undefined,
    layers: [],
  };
  const readOperators = (): Promise<Operators> => checkpoint.readOperators();
  return { info, stored: tensors, unchecked: checkpoint, encoded, readOperators };
}
