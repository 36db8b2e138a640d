import type { RecipeRecord, TaskGroup } from '@lowbit/core';
import { escapeMarkdown } from './escape-markdown.js';
import { summarise } from './finding.js';
import { directionArrow, formatEntry, formatEntryDelta, formatStderr } from './format-entry.js';
import { formatInstant } from './format-instant.js';
import { formatCount } from './format-number.js';
import { listCalibration, listEnvironment, orderRecipes, type Fact } from './protocol-facts.js';
import { collectNotes } from './notes.js';
import { describeGroup } from './group-rows.js';
import { formatOption, listOverrides } from './recipe-series.js';
import { buildResultTables, type Entry, type MetricColumn, type ResultTable } from './result-table.js';
import type { RunData } from './run-data.js';
import { collectTaskFacts, describePrompt, type TaskFacts } from './task-facts.js';

export function renderMarkdown(runs: readonly RunData[], title: string): string {
  const parts = [`# ${escapeMarkdown(title)}`, ...runs.flatMap((run) => renderRun(run, runs.length > 1))];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function renderRun(run: RunData, isOneOfSeveral: boolean): string[] {
  const { manifest } = run;
  const tables = buildResultTables(run);
  const facts = collectTaskFacts(run, tables);
  const notes = collectNotes(run, tables, facts);
  return [
    isOneOfSeveral ? `# ${escapeMarkdown(`${manifest.title} (${manifest.name})`)}` : '',
    ...tables.map((table) => escapeMarkdown(summarise(table))),
    `Run ${escapeMarkdown(manifest.name)}, created ${escapeMarkdown(formatInstant(manifest.created))}.`,
    notes.map(({ text }) => `- ${escapeMarkdown(text)}`).join('\n'),
    ...tables.flatMap((table) => [
      `## ${escapeMarkdown(table.model.name)}`,
      renderResults(table),
      renderMeasured(table),
    ]),
    describeMarks(tables),
    '## Protocol',
    renderTasks(facts),
    renderGroups(manifest.groups),
    renderRecipes(orderRecipes(run, tables)),
    renderFacts('Calibration', listCalibration(run)),
    renderFacts('Environment', listEnvironment(run)),
  ];
}

function describeMarks(tables: readonly ResultTable[]): string {
  const families = [...new Set(tables.flatMap(({ family }) => family ?? []))];
  const key =
    'Value ± one standard error (difference to float); acc and its kin in percent. **Bold**: best among the recipes of the same bits';
  if (families.length === 0) return `${key}.`;
  return `${key}, and those that tie with it. ≈: not told from float; ties: not told from the best (paired tests ${families.join('; ')}).`;
}

/** The main table, its columns aligned for who reads the file as text. */
export function renderResults(whole: ResultTable): string {
  const table = selectColumns(whole, ({ measured }) => !measured);
  const header = ['recipe', 'bits', 'bits per weight', ...table.columns.map(titleColumn), 'fallbacks'];
  const lines = table.rows.map((row) => [
    escapeMarkdown(row.recipe),
    row.bits === undefined ? '–' : String(row.bits),
    row.bitsPerWeight?.toFixed(2) ?? '–',
    ...row.entries.flatMap((entry, index) => (table.columns[index] ? renderEntry(entry, table.columns[index]) : [])),
    row.isFloat ? '–' : String(row.fallbacks.length),
  ]);
  return alignTable(header, lines, 1);
}

/** A line for each recipe: figures of this machine and execution, which stand in no table with others. */
function renderMeasured(whole: ResultTable): string {
  const { columns, rows } = selectColumns(whole, ({ measured }) => measured);
  if (columns.length === 0) return '';
  const lines = rows.map((row) => {
    const values = row.entries.flatMap((entry, index) => {
      const column = columns[index];
      return column ? [`${titleColumn(column)} (${column.protocol}) ${renderEntry(entry, column)}`] : [];
    });
    return `Measured, ${escapeMarkdown(row.recipe)}: ${values.join('; ')}.`;
  });
  return lines.join('\n\n');
}

function selectColumns(table: ResultTable, isWanted: (column: MetricColumn) => boolean): ResultTable {
  const isKept = (_: unknown, index: number): boolean => {
    const column = table.columns[index];
    return column !== undefined && isWanted(column);
  };
  return {
    ...table,
    columns: table.columns.filter(isKept),
    rows: table.rows.map((row) => ({ ...row, entries: row.entries.filter(isKept) })),
  };
}

function titleColumn(column: MetricColumn): string {
  const unit = column.unit === 'percent' ? ', %' : '';
  return `${escapeMarkdown(`${column.task} ${column.metric}`)}${unit} ${directionArrow(column)}`;
}

function renderEntry(entry: Entry, column: MetricColumn): string {
  if (entry.status === 'failed') return `failed: ${escapeMarkdown(entry.code)}`;
  if (entry.status === 'missing') return 'no result yet';
  if (entry.status === 'none') return '–';
  const value = formatEntry(entry, column);
  const stderr = formatStderr(entry, column);
  const delta = formatEntryDelta(entry, column);
  return [
    entry.isBest || entry.tiesForBest ? `**${value}**` : value,
    ...(stderr === undefined ? [] : [`± ${stderr}`]),
    ...(delta === undefined ? [] : [`(${entry.isDistinct === false ? '≈ ' : ''}${delta})`]),
  ].join(' ');
}

function renderTasks(facts: readonly TaskFacts[]): string {
  const count = (value: number | undefined) => (value === undefined ? '–' : formatCount(value));
  const lines = facts.map(({ model, task, columns, counts }) => [
    escapeMarkdown(model),
    escapeMarkdown([`${task.name} v${task.version}`, describePrompt(task) ?? []].flat().join(', ')),
    escapeMarkdown(columns.map(({ metric, protocol }) => (protocol ? `${metric} ${protocol}` : metric)).join(', ')),
    escapeMarkdown(task.source),
    count(counts?.documents),
    count(counts?.tokens),
    count(counts?.computedTokens),
    count(counts?.windows),
    escapeMarkdown(counts?.tokenSha256 || '–'),
  ]);
  const header = [
    'model',
    'task',
    'metrics',
    'source',
    'documents',
    'tokens',
    'computed',
    'windows',
    'token ids, sha256',
  ];
  return alignTable(header, lines, 4);
}

function renderGroups(groups: readonly TaskGroup[] = []): string {
  if (groups.length === 0) return '';
  const lines = groups.map((group) => `- ${escapeMarkdown(describeGroup(group))}`);
  return ['### Task groups', '', ...lines].join('\n');
}

function renderRecipes(recipes: readonly RecipeRecord[]): string {
  const lines = recipes.map(({ name, steps }) => {
    const described = steps.map((step) => {
      const pairs = Object.entries(step.options).map(([key, value]) => `${key}=${formatOption(value)}`);
      return [step.method, `v${step.version}`, ...pairs, ...listOverrides(step)].join(' ');
    });
    return `- ${escapeMarkdown(name)}: ${escapeMarkdown(described.join(' + ') || 'the checkpoint itself')}`;
  });
  return ['### Recipes', '', ...lines].join('\n');
}

function renderFacts(heading: string, facts: readonly Fact[]): string {
  if (facts.length === 0) return '';
  const lines = facts.map(({ name, value }) => `- ${name}: ${escapeMarkdown(value)}`);
  return [`### ${heading}`, '', ...lines].join('\n');
}

/** The first `textColumns` are aligned left, the others right. */
function alignTable(header: string[], lines: string[][], textColumns: number): string {
  const widths = header.map((title, column) =>
    Math.max(3, ...[title, ...lines.map((line) => line[column] ?? '')].map(lengthOf)),
  );
  const pad = (text: string, column: number) => {
    const room = ' '.repeat((widths[column] ?? 0) - lengthOf(text));
    return column < textColumns ? text + room : room + text;
  };
  const rule = widths.map((width, column) => (column < textColumns ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [header, rule, ...lines].map((line) => `| ${line.map(pad).join(' | ')} |`).join('\n');
}

function lengthOf(text: string): number {
  return [...text].length;
}
