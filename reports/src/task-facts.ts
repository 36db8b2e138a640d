import type { TaskRecord } from '@lowbit/core';
import { indexCells } from './cell-index.js';
import { formatCount } from './format-number.js';
import type { MetricColumn, ResultTable } from './result-table.js';
import type { RunData } from './run-data.js';

/** What was scored for one task of one model: the part of a figure that decides whether two figures can be compared. */
export interface TaskFacts {
  model: string;
  task: TaskRecord;
  columns: MetricColumn[];
  /** Of the first cell with a result; undefined before there is one. */
  counts:
    | {
        documents: number;
        tokens: number;
        computedTokens: number;
        savedTokens?: number | undefined;
        windows: number | undefined;
        tokenSha256: string;
        truncated?: number | undefined;
        omitted?: number | undefined;
      }
    | undefined;
  /** All finished cells scored the same token ids. If not, their figures must not be compared. */
  sameTokens: boolean;
}

/** How the questions were asked: `5-shot, chat template (multi-turn)`; undefined where nothing is asked. */
export function describePrompt({ fewShot, chatTemplate }: TaskRecord): string | undefined {
  if (fewShot === undefined) return undefined;
  return chatTemplate === undefined ? `${fewShot}-shot` : `${fewShot}-shot, chat template (${chatTemplate})`;
}

/** What of the task was scored, where the experiment says less than all: `100`, `4 windows`. */
export function describeLimit({ limit, windows }: TaskRecord): string | undefined {
  const parts = [
    ...(limit === undefined ? [] : [formatCount(limit)]),
    ...(windows === undefined ? [] : [`${formatCount(windows)} ${windows === 1 ? 'window' : 'windows'}`]),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}

export function collectTaskFacts(run: RunData, tables: readonly ResultTable[]): TaskFacts[] {
  const index = indexCells(run);
  return tables.flatMap((table) =>
    run.manifest.tasks
      .filter((task) => table.columns.some((column) => column.task === task.name))
      .map((task) => {
        const cells = table.rows.flatMap((row) => index.find(table.model.name, row.recipe, task.name) ?? []);
        const done = cells.filter((cell) => cell.status === 'done');
        const counts = done[0]?.counts;
        return {
          model: table.model.name,
          task,
          columns: table.columns.filter((column) => column.task === task.name),
          counts: counts && { ...counts, windows: counts.windows },
          sameTokens: new Set(done.flatMap((cell) => cell.counts.tokenSha256 || [])).size <= 1,
        };
      }),
  );
}
