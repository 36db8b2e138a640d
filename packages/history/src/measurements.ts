import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, z } from '@lowbit/core';
import type { CellResult, Environment, NightSeries, TaskRecord } from '@lowbit/core';

/** A measured figure of a night, `measurements.json` in its folder. */
export interface Measurement {
  model: string;
  recipe: string;
  /** `quantize` for what is measured while a recipe is made. */
  task: string;
  metric: string;
  higherIsBetter: boolean;
  unit: NightSeries['unit'];
  /** What was computed meanwhile, as a digest: figures of another basis are of another series. */
  basis: string;
  /** The median of `trials`; where it was suspect, of it and the single trials of `again`. */
  value: number;
  trials: number[];
  /** Trials that do not count, because others were in the way of them. */
  disturbed?: number[] | undefined;
  again?: number[] | undefined;
  /** What other processes took of the processors that it could have had, 0 to 1, in the middle trial. */
  crowding: number;
}

export interface Measurements {
  formatVersion: 1;
  /** What figures depend on and no run changes: only nights of one machine make one series. */
  machine: string;
  figures: Measurement[];
  /** Cells that could not be measured, and why. */
  failed: { model: string; recipe: string; task: string; reason: string }[];
}

/** One trial of one figure. */
export type Trial = Omit<Measurement, 'trials' | 'disturbed' | 'again'>;

/** Whether other processes were in the way of a figure: more than `most`. Memory is what it is whoever else computes. */
export function isCrowded({ unit, crowding }: Pick<Measurement, 'unit' | 'crowding'>, most: number): boolean {
  return unit !== 'megabytes' && crowding > most;
}

const shape = z.looseObject({
  formatVersion: z.literal(1),
  machine: z.string(),
  figures: z.array(z.looseObject({ metric: z.string(), basis: z.string(), value: z.number() })),
});

/** Undefined where a night measured nothing, or its file cannot be read. */
export async function readMeasurements(folder: string): Promise<Measurements | undefined> {
  const text = await readFile(join(folder, 'measurements.json'), 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : (shape.parse(JSON.parse(text)) as unknown as Measurements);
  } catch {
    return undefined;
  }
}

/** Processor, cores, memory and device; the system's release is no part of it, because an update of it should be seen. */
export function nameMachine({ platform, processor, cores, memoryBytes, device }: Environment, threads: number): string {
  const [system = '', , architecture = ''] = platform.split(' ');
  const gigabytes = Math.round(memoryBytes / 2 ** 30);
  return `${processor}, ${cores} cores, ${gigabytes} GiB, ${system} ${architecture}, ${device}, ${threads} threads`;
}

/** What a cell that was computed alone says of time and memory. */
export function figuresOf(
  cell: CellResult,
  task: TaskRecord | undefined,
  calibration: string | undefined,
  peakBytes: { quantize: number | undefined; score: number | undefined },
  crowding: number,
): Trial[] {
  const { model, recipe, counts, seconds } = cell;
  const names = { model, recipe, task: cell.task, crowding };
  const made = { model, recipe, task: 'quantize', crowding, basis: digestOf({ calibration }) };
  const basis = digestOf({ tokens: counts.tokens, sha256: counts.tokenSha256 });
  const measured = task?.metrics.filter((metric) => metric.measured) ?? [];
  const trials: Trial[] = [
    { ...made, ...time, metric: 'quantizeSeconds', value: seconds.quantize },
    { ...made, ...memory, metric: 'peakMemory', value: seconds.quantize > 0 ? megabytes(peakBytes.quantize) : NaN },
  ];
  if (measured.length === 0)
    trials.push(
      { ...names, ...time, basis, metric: 'scoreSeconds', value: seconds.score },
      { ...names, ...rate, basis, metric: 'tokenRate', value: counts.tokens / seconds.score },
      { ...names, ...memory, basis, metric: 'peakMemory', value: megabytes(peakBytes.score) },
    );
  for (const { name: metric, higherIsBetter } of measured)
    for (const row of cell.rows.filter((each) => each.metric === metric)) {
      const protocol = digestOf({ protocol: row.protocol, version: task?.version });
      trials.push({
        ...names,
        metric,
        higherIsBetter,
        unit: metric === 'peakMemory' ? memory.unit : undefined,
        basis: protocol,
        value: row.value,
      });
    }
  return trials.filter(({ value }) => Number.isFinite(value) && value > 0);
}

/** Of 1e6 bytes, as `bench_decode` gives them. */
function megabytes(bytes = Number.NaN): number {
  return bytes / 1e6;
}

const time = { unit: 'seconds', higherIsBetter: false } as const;
const rate = { unit: 'perSecond', higherIsBetter: true } as const;
const memory = { unit: 'megabytes', higherIsBetter: false } as const;

/**
 * One figure of each name, its trials in their order: those that others did not disturb by more than `crowding`, or all of
 * them where these are the fewer.
 */
export function gatherTrials(trials: readonly Trial[], crowding: number): Measurement[] {
  const found = new Map<string, Trial[]>();
  for (const trial of trials) found.set(keyOf(trial), [...(found.get(keyOf(trial)) ?? []), trial]);
  const counted = [...found.values()].map((all) => {
    const calm = all.filter((trial) => !isCrowded(trial, crowding));
    return 2 * calm.length < all.length
      ? { calm: all, rest: [] }
      : { calm, rest: all.filter((each) => !calm.includes(each)) };
  });
  return counted.map(({ calm: all, rest }) => ({
    ...(all[0] as Trial),
    ...(rest.length > 0 && { disturbed: rest.map(({ value }) => value) }),
    value: medianOf(all.map(({ value }) => value)),
    trials: all.map(({ value }) => value),
    crowding: medianOf(all.map(({ crowding }) => crowding)),
  }));
}

/** What was suspect (by its key) with the trials of a second round. */
export function addRound(
  figures: readonly Measurement[],
  again: readonly Measurement[],
  suspects: ReadonlySet<string>,
): Measurement[] {
  const rounds = new Map(again.map((each) => [keyOf(each), each]));
  return figures.map((figure) => {
    const round = suspects.has(keyOf(figure)) ? rounds.get(keyOf(figure)) : undefined;
    return round ? { ...figure, again: round.trials, crowding: Math.max(figure.crowding, round.crowding) } : figure;
  });
}

/** A measured task's cell with this night's figures in place of those that the store has, and without what it did not measure. */
export function withMeasured(cell: CellResult, figures: readonly Measurement[]): CellResult {
  const rows = cell.rows.flatMap((row) => {
    const figure = figures.find((each) => keyOf(each) === keyOf(row));
    return figure ? [{ ...row, value: figure.value }] : [];
  });
  return { ...cell, rows };
}

/** Whether two things are of one model, recipe and task. */
export function isSameCell(a: Names, b: Names): boolean {
  return a.model === b.model && a.recipe === b.recipe && a.task === b.task;
}

type Names = Pick<Trial, 'model' | 'recipe' | 'task'>;

/** Names of a row, as one text. */
export function keyOf({ model, recipe, task, metric }: Pick<Trial, 'model' | 'recipe' | 'task' | 'metric'>): string {
  return JSON.stringify([model, recipe, task, metric]);
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
