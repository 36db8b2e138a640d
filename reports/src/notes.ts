import type { Manifest, RunComparisons } from '@lowbit/core';
import { formatCount } from './format-number.js';
import type { ResultTable } from './result-table.js';
import type { RunData } from './run-data.js';
import { describeLimit, type TaskFacts } from './task-facts.js';

/** What a reader must see before the figures. */
export interface Note {
  kind: 'note' | 'fallback' | 'missing' | 'failed';
  text: string;
}

export function collectNotes(
  { manifest, comparisons }: Pick<RunData, 'manifest' | 'comparisons'>,
  tables: readonly ResultTable[],
  facts: readonly TaskFacts[],
): Note[] {
  const several = tables.length > 1;
  return [
    ...manifest.notes.map((text): Note => ({ kind: 'note', text })),
    ...describeKernels(manifest),
    ...describeLimits(manifest),
    ...facts.flatMap(describeTokens),
    ...facts.flatMap(describeContext),
    ...describeRefusals(comparisons),
    ...tables.flatMap((table) => {
      const prefix = several ? `${table.model.name}: ` : '';
      const notes = [
        ...describeBaseline(table),
        ...describeFallbacks(table),
        ...describeMissing(table),
        ...describeFailures(table),
      ];
      return notes.map((note) => ({ ...note, text: prefix + note.text }));
    }),
  ];
}

function describeKernels(manifest: Manifest): Note[] {
  if (manifest.environment.kernels.implementation === 'native') return [];
  if (manifest.notes.some((note) => /reference kernels/i.test(note))) return [];
  return [
    { kind: 'note', text: 'The TypeScript reference kernels did the quantization; the native kernels were not there.' },
  ];
}

function describeLimits(manifest: Manifest): Note[] {
  const parts = manifest.tasks.flatMap((task) => {
    const limit = describeLimit(task);
    return limit === undefined ? [] : [`${task.name} to its first ${limit}`];
  });
  if (parts.length === 0) return [];
  return [{ kind: 'note', text: `Limited, so not comparable with published figures: ${parts.join(', ')}.` }];
}

function describeTokens(facts: TaskFacts): Note[] {
  if (facts.sameTokens) return [];
  const text = `The cells of ${facts.task.name} on ${facts.model} scored different token ids; do not compare their figures.`;
  return [{ kind: 'failed', text }];
}

/** What a model's context could not hold. */
function describeContext({ task, model, counts }: TaskFacts): Note[] {
  const { truncated = 0, omitted = 0 } = counts ?? {};
  const cut = `${formatCount(truncated)} prompts or texts of ${task.name} were cut to the context of ${model}.`;
  const left = `${formatCount(omitted)} documents of ${task.name} need more context than ${model} has and are left out.`;
  return [...(truncated > 0 ? [cut] : []), ...(omitted > 0 ? [left] : [])].map((text) => ({ kind: 'note', text }));
}

/** Pairs that were not compared, by model, task and reason. */
function describeRefusals(comparisons: RunComparisons | undefined): Note[] {
  const groups = new Map<string, number>();
  for (const { model, task, reason } of comparisons?.pairs ?? []) {
    const key = `on ${task} of ${model}: ${reason}.`;
    if (reason !== undefined) groups.set(key, (groups.get(key) ?? 0) + 1);
  }
  return [...groups].map(([text, count]) => ({
    kind: 'note',
    text: `${count} comparison${count > 1 ? 's were' : ' was'} not made ${text}`,
  }));
}

function describeBaseline(table: ResultTable): Note[] {
  if (table.rows.some((row) => row.isFloat)) return [];
  return [{ kind: 'note', text: 'The float model is not part of the plan, so there are no differences to it.' }];
}

function describeFallbacks(table: ResultTable): Note[] {
  return table.rows
    .filter((row) => row.fallbacks.length > 0)
    .map((row) => {
      const first = row.fallbacks[0];
      const count = `${row.fallbacks.length} of ${row.layers.length} layers`;
      const more = row.fallbacks.length > 1 ? ' and others' : '';
      return {
        kind: 'fallback',
        text: `${row.recipe}: ${count} not treated as asked (${first?.layer}: ${first?.fallback}${more}).`,
      };
    });
}

function describeMissing(table: ResultTable): Note[] {
  const { missing, all } = countCells(table);
  if (missing === 0) return [];
  const text = `${missing} of ${all} planned cells have no result yet; start the run again to finish them.`;
  return [{ kind: 'missing', text }];
}

function countCells(table: ResultTable): { missing: number; all: number } {
  const statuses = table.rows.flatMap((row) => {
    // One cell may fill several columns: count its task once, by a column that it has. A mean has no cell.
    const filled = row.entries.flatMap((entry, position) => {
      const column = table.columns[position];
      return column?.group ? [] : [[column?.task, entry.status] as const];
    });
    const byTask = new Map(filled.filter(([, status]) => status !== 'none'));
    return [...byTask.values()];
  });
  return { missing: statuses.filter((status) => status === 'missing').length, all: statuses.length };
}

/** One note for each recipe and reason, however many tasks it took down. */
function describeFailures(table: ResultTable): Note[] {
  const groups = new Map<string, { recipe: string; reason: string; tasks: Set<string> }>();
  for (const row of table.rows)
    row.entries.forEach((entry, position) => {
      if (entry.status !== 'failed' || table.columns[position]?.group) return;
      const reason = `${entry.message} [${entry.code}]`;
      const key = JSON.stringify([row.recipe, reason]);
      const group = groups.get(key) ?? { recipe: row.recipe, reason, tasks: new Set() };
      group.tasks.add(table.columns[position]?.task ?? '');
      groups.set(key, group);
    });
  return [...groups.values()].map(({ recipe, reason, tasks }) => ({
    kind: 'failed',
    text: `${recipe} on ${[...tasks].join(', ')}: ${reason}`,
  }));
}
