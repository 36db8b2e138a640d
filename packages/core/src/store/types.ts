import type { LayerOverride } from '../layer-options.js';
import type { ExecutionRecord, Precision } from '../execution.js';
import type { KlHistogram } from '../scoring/kl-histogram.js';
import type { ChatTurns } from '../scoring/prompts.js';
import type { Metric } from '../task.js';
import type { TaskGroup } from '../task-group.js';

/** What lies on disk under `runs/<name>/`: one manifest, one file a finished cell. Everything the report shows is here. */
export interface Manifest {
  formatVersion: 1;
  name: string;
  title: string;
  /** Notes that a reader must see beside the figures ("in-sample text"). */
  notes: string[];
  created: string;
  planDigest: string;
  models: ModelRecord[];
  recipes: RecipeRecord[];
  tasks: TaskRecord[];
  /** Means to be shown beside the tasks; runs before there were groups have none. */
  groups?: TaskGroup[] | undefined;
  /** Of the first model that has one. */
  calibration: CalibrationRecord | undefined;
  environment: Environment;
  /** sha256 over the code of each method and task, by its name: `environment.fingerprint` is that of all else. */
  code?: Record<string, string> | undefined;
  /** Of an imported run: its files, in place of the environment, which is only that of the import. */
  imported?: string[] | undefined;
  /** Those of the recipes; runs of before have none. */
  methods?: MethodRecord[] | undefined;
  /** Every cell of the plan in table order, finished or not. */
  cells: CellKey[];
}

export interface CellKey {
  digest: string;
  model: string;
  recipe: string;
  task: string;
}

export interface ModelRecord {
  name: string;
  family: string;
  /** sha256 over the tensors' files and the config. */
  digest: string;
  parameters: number;
  /** Bits per weight of the stored checkpoint (16 for bf16). */
  bitsPerWeight: number;
  tokenizerDigest: string | undefined;
  /** Of a model that was not computed by Lowbit. */
  source?: ModelSource | undefined;
  /** What its recipes were calibrated on; ids differ from tokenizer to tokenizer. */
  calibration?: CalibrationRecord | undefined;
}

/** By what a model from elsewhere was computed. */
export interface ModelSource {
  engine: 'llama.cpp' | 'openai server';
  /** What its digest stands for: the file's bytes, or only what the server says of itself. */
  identity: 'sha256' | 'reported';
  /** Versions and settings; of a server its address, what it reports and the form of its answers. */
  facts: Record<string, unknown>;
}

export interface RecipeRecord {
  /** Short label, `gptq-w4-g64`, or the recipe as written. */
  name: string;
  /** Every option after defaults. Empty for `float`. */
  steps: StepRecord[];
  /** Nominal bits of the weights, for the table's order; undefined for float. */
  bits: number | undefined;
}

/** Of whom a method is. */
export interface MethodRecord {
  name: string;
  description: string;
  /** Paper and reference code. */
  source: string;
}

export interface StepRecord {
  method: string;
  version: string;
  options: Record<string, unknown>;
  /** What differs in the layers that a pattern names; absent where nothing does. */
  layers?: readonly LayerOverride[] | undefined;
}

export interface TaskRecord {
  name: string;
  version: string;
  description: string;
  source: string;
  metrics: Metric[];
  limit: number | undefined;
  /** Tokens of a window, and windows, where the experiment says them. */
  window?: number | undefined;
  windows?: number | undefined;
  /** Worked examples before each question; absent where nothing is asked. */
  fewShot?: number | undefined;
  /** Present where prompts went through the model's chat template. */
  chatTemplate?: ChatTurns | undefined;
  files: { path: string; sha256: string; bytes: number }[];
}

export interface CalibrationRecord {
  source: string;
  samples: number;
  sequenceLength: number;
  tokens: number;
  seed: number | undefined;
  /** sha256 over the token ids as little-endian int32, sequences one after the other. */
  tokenSha256: string;
}

export interface Environment {
  lowbit: string;
  /** Of the checkout that Lowbit runs from, `+` behind it where files were changed; undefined where it is no checkout. */
  commit?: string | undefined;
  node: string;
  onnxruntime: string;
  platform: string;
  processor: string;
  cores: number;
  memoryBytes: number;
  kernels: { implementation: 'native' | 'reference'; instructionSet: string };
  device: string;
  workers: number;
  threadsPerWorker: number;
  /** Hash of the compiled packages that can change a value. */
  fingerprint: string;
}

/** A finished cell, `cells/<digest>.json`, written once, atomically. */
export interface CellResult {
  formatVersion: 1;
  digest: string;
  model: string;
  recipe: string;
  task: string;
  status: 'done' | 'failed';
  error?: { code: string; message: string } | undefined;
  rows: Row[];
  /** Token, window and document counts and the hash of the scored token ids. */
  counts: {
    documents: number;
    tokens: number;
    /** Fed to the model: a prefix that requests share once, or once a pack. */
    computedTokens: number;
    /** What sharing spared: fed, if each request had run alone, less computed; absent in runs of before. */
    savedTokens?: number | undefined;
    windows?: number | undefined;
    tokenSha256: string;
    /** Requests whose prompt or text was cut to the model's context; absent where none was, as in runs of before. */
    truncated?: number | undefined;
    /** Documents left out, because the model's context cannot hold them; absent where none was. */
    omitted?: number | undefined;
    /** Of imported cells: over documents, prompts and targets, as the tool hashed them. */
    promptSha256?: string | undefined;
  };
  /** Per-layer record of the recipe; empty for float. */
  layers: LayerRecord[];
  /** Of the distance to float, token by token; absent where distributions were not compared, and in runs of before. */
  klHistogram?: KlHistogram | undefined;
  /** How its products were computed; absent where it failed. */
  execution?: ExecutionRecord | undefined;
  /** Of a model that was not computed by Lowbit. */
  source?: ModelSource | undefined;
  /** Measurements of this execution, never compared; `tokenize` is the part of `score` that waited for token ids. */
  seconds: { quantize: number; load: number; score: number; tokenize?: number | undefined };
  peakMemoryBytes: number;
  /** Of a cell that another tool computed. */
  origin?: Origin | undefined;
}

/** Where an imported cell comes from. Numbers that its tool does not give are NaN, null on disk; hashes are empty. */
export interface Origin {
  tool: 'lm-evaluation-harness';
  version: string | undefined;
  /** As the tool names it. */
  task: string;
  /** In the run's folder: the tool's own files, as they were. */
  folder: string;
}

/** One metric of a cell. Tidy, so that CSV and pivots fall out. */
export interface Row {
  model: string;
  recipe: string;
  task: string;
  metric: string;
  protocol: string | undefined;
  value: number;
  stderr: number | undefined;
  n: number;
  /** The metric on each part of the task (MMLU's subjects), by the part's name. */
  subsets?: Record<string, { value: number; stderr: number | undefined; n: number }> | undefined;
  /** Worked examples before each question; absent where nothing is asked. */
  fewShot?: number | undefined;
  chatTemplate?: ChatTurns | undefined;
  higherIsBetter: boolean;
  bitsPerWeight: number;
  /** Of the products; runs before there was a choice have none. */
  precision?: Precision | undefined;
  /** By what it was computed, where not by Lowbit. */
  source?: ModelSource['engine'] | undefined;
  /** Linears whose codes were executed. */
  executedLayers?: number | undefined;
  seconds: number;
}

/** What the samples of a run's cells say: intervals, and every two recipes of a model compared. Made anew for each report. */
export interface RunComparisons {
  /** Of the intervals, 0.95; what is called different has an adjusted p below 1 - level. */
  level: number;
  /** A family is all comparisons of one model's table. */
  correction: 'holm';
  /** Of the bootstrap. */
  seed: number;
  intervals: CellInterval[];
  pairs: PairComparison[];
}

/** A metric of a cell with an interval for its true value. */
export interface CellInterval {
  model: string;
  recipe: string;
  task: string;
  metric: string;
  /** Clopper and Pearson's for shares of right answers, bootstrap-t for all else. */
  interval: 'exact' | 'bootstrap';
  value: number;
  /** Of the replicates; undefined for an exact interval. */
  stderr: number | undefined;
  low: number;
  high: number;
}

/** `recipe` against `against` on one metric of a task, from the same documents. */
export interface PairComparison {
  model: string;
  task: string;
  metric: string;
  recipe: string;
  against: string;
  /** `against` is the baseline. */
  isBaseline: boolean;
  /** Undefined where the two cells cannot be compared. */
  result: PairResult | undefined;
  /** Why not; undefined where they are compared. */
  reason: string | undefined;
}

export interface PairResult {
  test: 'mcnemar' | 'sign' | 'bootstrap';
  /** What was drawn or counted: documents, windows, or groups of neighbouring ones where there are many. */
  n: number;
  /** `absolute`: recipe - against in the metric's unit; `relative`: recipe / against - 1. */
  scale: 'absolute' | 'relative';
  difference: number;
  low: number;
  high: number;
  /** Two-sided. */
  p: number;
  /** After Holm over the family. */
  adjustedP: number;
  /** Comparisons of the family. */
  family: number;
  /** Documents on which recipe alone, and against alone, is ahead. */
  discordant?: [number, number] | undefined;
}

/** What happened to one linear. Errors are relative Frobenius norms unless said. */
export interface LayerRecord {
  layer: string;
  /** Undefined for embedding and head. */
  block?: number | undefined;
  role: string;
  method: string;
  rows: number;
  cols: number;
  bitsPerWeight: number;
  weightError: number;
  /** ||X(W - W^)t|| / ||X Wt|| on the calibration inputs, where a Hessian was collected. */
  outputError?: number | undefined;
  /** tr(D H Dt) with H = sum of x xt, and the same for round-to-nearest on the same grid. */
  squaredOutputError?: number | undefined;
  rtnSquaredOutputError?: number | undefined;
  hessianTrace?: number | undefined;
  /** Set when the method could not treat the layer as asked: what was done instead. */
  fallback?: string | undefined;
  notes?: Record<string, number | string> | undefined;
}
