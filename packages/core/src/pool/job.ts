import type { Execution } from '../execution.js';
import type { RopeFrequencies } from '../model/round-rope.js';
import type { StepSpec } from '../parse-recipe.js';
import type { ChatTurns } from '../scoring/prompts.js';
import type { CalibrationRecord, CellKey, CellResult } from '../store/types.js';

/** What a worker is asked to do: data only, so that it could as well go to another machine. */
export type Job = QuantizeJob | EvalJob | ScoreJob;

interface JobBase {
  /** Path of the model that is loaded for it; jobs for one go to the worker that has it. */
  subject: string;
  /** How often the work was begun before and lost. */
  attempt: number;
}

export interface QuantizeJob extends JobBase {
  kind: 'quantize';
  recipes: { name: string; steps: StepSpec[]; folder: string }[];
  calibration: { sequences: readonly Int32Array[]; record: CalibrationRecord } | undefined;
}

export interface EvalJob extends JobBase {
  kind: 'eval';
  cell: CellKey;
  /** Its place in the plan. */
  index: number;
  /** Nothing else may compute beside it: it measures, or it may have taken the process down. */
  alone: boolean;
  data: string | undefined;
  limit: number | undefined;
  window: number | undefined;
  windows: number | undefined;
  /** Worked examples before each question. */
  fewShot?: number | undefined;
  chatTemplate?: ChatTurns | undefined;
  /**
   * What other cells are compared with is kept in `folder`, or was kept there while the float model at `model` was scored
   * and is compared with.
   */
  baseline: { kind: 'keep' | 'compare'; folder: string; model: string } | undefined;
  /** Seconds that went into its artifact, where this run made it. */
  quantizeSeconds: number;
}

/** Losses of given token ids. */
export interface ScoreJob extends JobBase {
  kind: 'score';
  sequences: readonly Int32Array[];
}

export interface Failure {
  code: string;
  message: string;
}

export interface QuantizeResult {
  /** By recipe name; those without an entry are there. */
  failures: Record<string, Failure>;
  /** By recipe name: what each would have taken by itself. */
  seconds: Record<string, number>;
}

export interface EvalResult {
  cell: CellResult;
  samples: string | undefined;
}

export type JobResult<J extends Job> = J extends QuantizeJob
  ? QuantizeResult
  : J extends EvalJob
    ? EvalResult
    : Float32Array[];

/** What a worker tells while it works. */
export interface JobProgress {
  done: number;
  total: number;
  what: string;
}

/** Given to each worker as it starts. */
export interface WorkerSetup {
  device: { name: string; threads: number };
  workFolder: string;
  plugins: string[];
  ropeFrequencies: RopeFrequencies;
  execution: Execution;
}

/** A job never throws across the thread: an error would lose its code there. */
export type JobAnswer<R> = { result: R } | { failure: Failure };
