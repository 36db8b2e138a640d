import type { ColumnType, Table, Value } from '@lowbit/history/query';
import { alignTable } from './text-table.js';

/** What a terminal would act on, or what turns text around. */
const control = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** An answer of the history as aligned text. */
export function formatAnswer({ columns, lines }: Table): string {
  return alignTable([
    columns.map(({ name }) => escapeControl(name)),
    ...lines.map((line) => columns.map(({ type }, i) => formatValue(line[i], type))),
  ]);
}

export async function formatAnswerAs(format: 'csv' | 'md' | 'json', { columns, lines }: Table): Promise<string> {
  const records = lines.map((line) => Object.fromEntries(columns.map(({ name }, i) => [name, line[i]])));
  if (format === 'json') return `${JSON.stringify({ rows: records })}\n`;
  // Loaded where it is needed: it brings the plots of the reports with it.
  const { escapeMarkdown, formatCsv } = await import('@lowbit/reports');
  const names = columns.map(({ name }) => name);
  if (format === 'csv') return formatCsv(names, records);
  const isNumber = ({ type }: { type: ColumnType }): boolean => type === 'number' || type === 'integer';
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return [
    row(names.map(escapeMarkdown)),
    row(columns.map((column) => (isNumber(column) ? '---:' : '---'))),
    ...lines.map((line) => row(columns.map(({ type }, i) => escapeMarkdown(formatValue(line[i], type))))),
  ].join('');
}

function formatValue(value: Value, type: ColumnType): string {
  if (value === undefined) return '';
  if (type === 'number') return String(Number(Number(value).toPrecision(6)));
  if (type === 'instant') return String(value).replace('T', ' ').slice(0, 16);
  return escapeControl(String(value));
}

function escapeControl(text: string): string {
  return text.replace(control, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}
