import { inspectSubject, openDataFolder, parseCalibration, reasonOf } from '@lowbit/core';
import type { Registry, RunRequest } from '@lowbit/core';
import { locateModel } from './locate.js';
import type { Location } from './locate.js';
import { groupRuns } from './plan-runs.js';
import type { PlannedRun } from './plan-runs.js';
import { isCovered } from './table.js';
import type { CoveredRow, PaperRow, PaperTable } from './table.js';

/** Where models and data may lie on this machine. */
export interface Places {
  /** Folders of models, first found wins. */
  roots: readonly string[];
  /** Of models that come with Lowbit, by id. */
  embedded: Readonly<Record<string, string>>;
  data: string;
}

/** A row with what stands in its way. */
export interface RowPlan {
  row: PaperRow;
  /** Undefined: it is run. */
  obstacle: { kind: 'not covered' | 'not run'; reason: string } | undefined;
  /** Of the checkpoint; undefined where there is none that can be used. */
  path: string | undefined;
  /** There is no copy of the model, usable or not. */
  isAbsent: boolean;
  /** Data files that are not there. */
  absentFiles: readonly string[];
  notes: readonly string[];
}

export interface ReproductionPlan {
  table: PaperTable;
  rows: RowPlan[];
  runs: PlannedRun[];
}

export interface PlanOptions {
  places: Places;
  registry: Registry;
  kernels: RunRequest['kernels'];
  /** A row is wanted that has all words of one of them, `*` for any letters; none: every row. */
  patterns?: readonly string[] | undefined;
  workers?: number | undefined;
  threads?: number | undefined;
}

/** What of a table can be run here: models and files are looked for, nothing is computed. */
export async function planReproduction(table: PaperTable, options: PlanOptions): Promise<ReproductionPlan> {
  const locations = new Map<string, Promise<Location>>();
  const locate = (id: string): Promise<Location> => {
    const known = locations.get(id) ?? findModel(id, table, options);
    locations.set(id, known);
    return known;
  };
  const { patterns = [] } = options;
  const wanted = table.rows.filter((row) => patterns.length === 0 || patterns.some((each) => matches(row, each)));
  const rows: RowPlan[] = [];
  for (const row of wanted) rows.push(await planRow(row, table, locate, options));
  return { table, rows, runs: groupRuns(table, rows, options) };
}

/** Each word of the pattern somewhere in the row's names; `*` stands for any letters. */
export function matches(row: PaperRow, pattern: string): boolean {
  const names = [
    row.method,
    row.model,
    isCovered(row) ? row.recipe : row.setting,
    row.measure.task,
    row.measure.metric,
  ];
  const escape = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  const words = pattern.split(/\s+/).filter((word) => word !== '');
  return words.every((word) => {
    const found = new RegExp(word.split('*').map(escape).join('.*'), 'i');
    return names.some((name) => found.test(name));
  });
}

async function findModel(id: string, { standIn }: PaperTable, { places, kernels }: PlanOptions): Promise<Location> {
  const embedded = places.embedded[id];
  const found = embedded === undefined ? await locateModel(id, places.roots) : { path: embedded };
  if (!standIn || 'reason' in found) return found;
  try {
    const { digest } = await inspectSubject(found.path, kernels);
    if (digest === standIn.checkpoint) return found;
    return { reason: "the model has other weights here than the stand-in's, whose values hold for no others" };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

async function planRow(
  row: PaperRow,
  table: PaperTable,
  locate: (id: string) => Promise<Location>,
  { places, registry }: PlanOptions,
): Promise<RowPlan> {
  if (!isCovered(row)) {
    const obstacle = { kind: 'not covered', reason: row.reason } as const;
    return { row, obstacle, path: undefined, isAbsent: false, absentFiles: [], notes: [] };
  }
  const location = await locate(row.model);
  const path = 'path' in location ? location.path : undefined;
  const isAbsent = 'reason' in location && location.isAbsent === true;
  const isBeside = table.standIn?.dataBesideModel === true;
  const data = isBeside ? path : places.data;
  const absentFiles = data === undefined ? [] : await findAbsent(row, data, registry);
  const reasons = [
    ...('reason' in location ? [location.reason] : []),
    ...(absentFiles.length > 0 ? [`${absentFiles.join(', ')} not in the data folder`] : []),
  ];
  const obstacle = reasons.length > 0 ? ({ kind: 'not run', reason: reasons.join('; ') } as const) : undefined;
  const notes = table.standIn || data === undefined ? [] : await noteCalibration(row, data);
  return { row, obstacle, path, isAbsent, absentFiles, notes };
}

/** Of the tasks behind a row, which are several for a mean. */
export function tasksOf({ measure }: CoveredRow, registry: Registry): string[] {
  return registry.groups.has(measure.task)
    ? registry.groups.get(measure.task).members.map(({ task }) => task)
    : [measure.task];
}

async function findAbsent(row: CoveredRow, data: string, registry: Registry): Promise<string[]> {
  const folder = openDataFolder(data);
  const tasks = tasksOf(row, registry).map((name) => registry.findTask(name));
  const files = tasks.flatMap(({ files, fewShot }) => {
    const examples = row.measure.fewShot ?? fewShot?.count ?? 0;
    return examples > 0 ? [...files, ...(fewShot?.files ?? [])] : files;
  });
  const calibration = row.calibration === undefined ? [] : [calibrationFiles(row.calibration)];
  const absent: string[] = [];
  for (const choices of [...new Set(files)].map((file) => [file]).concat(calibration)) {
    const there = await Promise.all(choices.map((file) => folder.has(file)));
    if (choices.length > 0 && !there.includes(true)) absent.push(choices[0] as string);
  }
  return absent;
}

/** Any of which will do, the paper's first; of a file of one's own none. */
function calibrationFiles(calibration: string): string[] {
  const { kind } = parseCalibration(calibration);
  if (kind === 'wikitext2') return ['wikitext2/wiki.train.raw', 'wikitext2/wiki.valid.raw'];
  return kind === 'c4' ? ['calib/c4.utf8'] : [];
}

async function noteCalibration({ calibration }: CoveredRow, data: string): Promise<string[]> {
  if (calibration === undefined) return [];
  const { kind } = parseCalibration(calibration);
  if (kind === 'c4')
    return ["Calibrated on the documents of calib/c4.utf8, not on the first shard of C4's train split."];
  const hasTrain = kind !== 'wikitext2' || (await openDataFolder(data).has('wikitext2/wiki.train.raw'));
  return hasTrain ? [] : ["Calibrated on WikiText-2's validation split: wikitext2/wiki.train.raw is not there."];
}
