import type { RecipeRecord, TaskGroup } from '@lowbit/core';
import { escapeMarkdown } from './escape-markdown.js';
import { summarise } from './finding.js';
import { formatInstant } from './format-instant.js';
import { formatCount } from './format-number.js';
import { listCalibration, listEnvironment, orderRecipes, type Fact } from './protocol-facts.js';
import { collectNotes } from './notes.js';
import { describeGroup } from './group-rows.js';
import { formatOption, listOverrides } from './recipe-series.js';
import { buildResultTables, type Entry, type MetricColumn, type ResultTable } from './result-table.js';
import { describeEntry, describeResults, labelColumn, selectColumns } from './result-text.js';
import type { RunData } from './run-data.js';
import { collectTaskFacts, describePrompt, type TaskFacts } from './task-facts.js';
import { formatMarkdownCell, toMarkdown, type TextCell } from './text-table.js';

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
  return toMarkdown(describeResults(selectColumns(whole, ({ measured }) => !measured)));
}

/** A line for each recipe: figures of this machine and execution, which stand in no table with others. */
function renderMeasured(whole: ResultTable): string {
  const { columns, rows } = selectColumns(whole, ({ measured }) => measured);
  if (columns.length === 0) return '';
  const lines = rows.map((row) => {
    const values = row.entries.flatMap((entry, index) => {
      const column = columns[index];
      return column
        ? [`${titleColumn(column)} (${escapeMarkdown(column.protocol ?? '–')}) ${renderEntry(entry, column)}`]
        : [];
    });
    return `Measured, ${escapeMarkdown(row.recipe)}: ${values.join('; ')}.`;
  });
  return lines.join('\n\n');
}

function titleColumn({ task, ...column }: MetricColumn): string {
  return escapeMarkdown(`${task} ${labelColumn(column)}`);
}

function renderEntry(entry: Entry, column: MetricColumn): string {
  return formatMarkdownCell(describeEntry(entry, column));
}

function renderTasks(facts: readonly TaskFacts[]): string {
  const count = (value: number | undefined) => (value === undefined ? '–' : formatCount(value));
  const text = (shown: string): TextCell => ({ text: shown });
  const rows = facts.map(({ model, task, columns, counts }) => [
    text(model),
    text([`${task.name} v${task.version}`, describePrompt(task) ?? []].flat().join(', ')),
    text(columns.map(({ metric, protocol }) => (protocol ? `${metric} ${protocol}` : metric)).join(', ')),
    text(task.source),
    text(count(counts?.documents)),
    text(count(counts?.tokens)),
    text(count(counts?.computedTokens)),
    text(count(counts?.windows)),
    text(counts?.tokenSha256 || '–'),
  ]);
  const labels = ['model', 'task', 'metrics', 'source', 'documents', 'tokens', 'computed', 'windows'];
  const columns = [...labels, 'token ids, sha256'].map((label, index) => ({ label, isText: index < 4 }));
  return toMarkdown({ columns, rows });
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
