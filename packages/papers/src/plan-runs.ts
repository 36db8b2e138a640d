import { parseCalibration, parseExperiment } from '@lowbit/core';
import type { Experiment, ExperimentSpec } from '@lowbit/core';
import type { Measure } from './measures.js';
import type { PlanOptions, RowPlan } from './plan.js';
import { isCovered } from './table.js';
import type { CoveredRow, PaperTable } from './table.js';

export interface PlannedRun {
  /** Of its cells, below the reproduction's own. */
  folder: string;
  experiment: Experiment;
  rows: RowPlan[];
}

/** A recipe on a model, with all that the table asks of it. */
interface Line {
  row: CoveredRow;
  path: string;
  tasks: Map<string, Measure>;
  rows: RowPlan[];
}

/** A run for each model, calibration and set of tasks: no cell is computed that no row asks for. */
export function groupRuns(table: PaperTable, rows: readonly RowPlan[], options: PlanOptions): PlannedRun[] {
  const groups = new Map<string, { folder: string; lines: Line[] }>();
  for (const line of gatherLines(rows)) {
    const folder = nameRun(line);
    const key = JSON.stringify([folder, [...line.tasks.values()]]);
    const group = groups.get(key) ?? { folder, lines: [] };
    group.lines.push(line);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ folder, lines }) => ({
    folder,
    experiment: describeRun(table, lines, options),
    rows: lines.flatMap((line) => line.rows),
  }));
}

function gatherLines(rows: readonly RowPlan[]): Line[] {
  const lines = new Map<string, Line>();
  for (const plan of rows) {
    const { row, path, obstacle } = plan;
    if (!isCovered(row) || path === undefined || obstacle) continue;
    const key = JSON.stringify([row.model, row.calibration, row.recipe]);
    const line: Line = lines.get(key) ?? { row, path, tasks: new Map(), rows: [] };
    line.tasks.set(row.measure.task, row.measure);
    line.rows.push(plan);
    lines.set(key, line);
  }
  return [...lines.values()];
}

function describeRun(table: PaperTable, lines: readonly Line[], { places, workers, threads }: PlanOptions): Experiment {
  const [{ row, path, tasks }] = lines as [Line];
  const spec: ExperimentSpec = {
    ...{ name: table.name, title: table.title, notes: [...table.notes], distance: false },
    data: table.standIn?.dataBesideModel ? path : places.data,
    models: [{ name: row.model, path }],
    recipes: lines.map(({ row: { recipe } }) => ({ name: recipe, recipe })),
    tasks: [...tasks.values()].map(({ task, window, windows, limit, fewShot }) => ({
      name: task,
      ...dropUndefined({ window, windows, limit, fewShot }),
    })),
    ...dropUndefined({ workers, threads }),
    ...(row.calibration === undefined ? {} : { calibration: row.calibration.replace('{model}', path) }),
  };
  return parseExperiment(spec, table.name);
}

/** `facebook--opt-125m/c4-128x2048-wikitext2`: the same for all tables, so that they share cells. */
function nameRun({ row: { model, calibration }, tasks }: Line): string {
  const drawn = calibration === undefined ? 'uncalibrated' : nameCalibration(calibration);
  const slug = (text: string): string => text.replaceAll('/', '--').replace(/[^\w.-]+/g, '-');
  return `${slug(model)}/${slug([drawn, ...tasks.keys()].join('-'))}`;
}

function nameCalibration(calibration: string): string {
  const { kind, samples, sequenceLength } = parseCalibration(calibration);
  return `${kind}-${samples ?? 'all'}x${sequenceLength ?? 'context'}`;
}

function dropUndefined<T extends Record<string, number | undefined>>(values: T): { [Key in keyof T]?: number } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: number;
  };
}
