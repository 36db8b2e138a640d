import type { ModelId } from './models.js';
import type { Measure } from './measures.js';
import type { Tolerance } from './tolerances.js';

/** A table of a paper as Lowbit runs it: one file a table, data only. */
export interface PaperTable {
  /** `gptq-t3`. */
  name: string;
  title: string;
  /** The paper, its table and where the values were seen. */
  source: string;
  notes: readonly string[];
  /** Values that we measured ourselves, to hold against regressions. */
  standIn?: StandIn | undefined;
  rows: readonly PaperRow[];
}

/** Where stand-in values come from; never the paper's. */
export interface StandIn {
  /** Whose tables it stands in for. */
  of: readonly string[];
  /** sha256 of the checkpoint as `ModelRecord` has it: other weights under the same name have other values. */
  checkpoint: string;
  /** ISO date and processor class of the measurement. */
  measured: string;
  /** The tasks' files lie beside the model. */
  dataBesideModel?: boolean | undefined;
}

export type PaperRow = CoveredRow | UncoveredRow;

interface Row {
  /** As the paper names it. */
  method: string;
  measure: Measure;
  /** In the metric's unit: shares are not in percent. */
  expected: number;
  notes: readonly string[];
}

/** Lowbit can run it. */
export interface CoveredRow extends Row {
  model: ModelId;
  /** A preset, `float`, or steps. */
  recipe: string;
  /** As on the command line; `{model}` stands for the model's folder. */
  calibration: string | undefined;
  /** Absolute, in the metric's unit. */
  tolerance: number;
  toleranceReason: string;
}

/** Lowbit cannot: the method, the task or the model family is not there, or the paper does not say enough. */
export interface UncoveredRow extends Row {
  model: string;
  /** The paper's setting in words. */
  setting: string;
  reason: string;
}

export interface Setting {
  method: string;
  recipe: string;
  calibration?: string | undefined;
  measure: Measure;
  tolerance: Tolerance;
  notes?: readonly string[];
}

/** A value a model, in the models' order: a missing or surplus one does not compile. */
type Values<Models extends readonly unknown[]> = { readonly [Index in keyof Models]: number };

/** Identity, for its types. */
export function defineTable(table: PaperTable): PaperTable {
  return table;
}

/** A line of a table: one recipe, a printed value for each model. */
export function series<const Models extends readonly ModelId[]>(
  models: Models,
  { method, recipe, calibration, measure, tolerance, notes = [] }: Setting,
  values: Values<Models>,
): CoveredRow[] {
  return models.map((model, index) => {
    const expected = toUnit(values[index], measure);
    const [absolute, relative] = [tolerance.absolute * (measure.percent ? 0.01 : 1), tolerance.relative * expected];
    return {
      ...{ method, recipe, calibration, measure, notes, model, expected },
      tolerance: round(absolute + relative, 3),
      toleranceReason: tolerance.reason,
    };
  });
}

/** The same with the reason why Lowbit cannot run it. */
export function uncovered<const Models extends readonly string[]>(
  models: Models,
  { method, setting, measure, reason }: { method: string; setting: string; measure: Measure; reason: string },
  values: Values<Models>,
): UncoveredRow[] {
  return models.map((model, index) => ({
    ...{ method, setting, measure, reason, model, notes: [] },
    expected: toUnit(values[index], measure),
  }));
}

export function isCovered(row: PaperRow): row is CoveredRow {
  return 'recipe' in row;
}

function toUnit(printed: number | undefined, { percent }: Measure): number {
  return percent ? round((printed ?? NaN) / 100, 12) : (printed ?? NaN);
}

function round(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}
