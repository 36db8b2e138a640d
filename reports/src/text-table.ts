import { escapeLatex } from './escape-latex.js';
import { escapeMarkdown } from './escape-markdown.js';
import { guardFormula } from './guard-formula.js';

/**
 * A table as text, to be written as Markdown, LaTeX or CSV. Imports nothing of Node: pages carry it for their copy buttons,
 * so that what is copied there and what is written here come from the same lines.
 */
export interface TextTable {
  /** Names that span columns, first to last; a column without one has an empty label. */
  groups?: { label: string; span: number }[] | undefined;
  columns: { label: string; isText: boolean }[];
  rows: TextCell[][];
}

export interface TextCell {
  text: string;
  /** One standard error; a number as text, as the difference is. */
  stderr?: string | undefined;
  delta?: string | undefined;
  mark?: 'best' | 'tie' | undefined;
  /** What CSV has in place of the text of a column of numbers: every digit, in the unit in which the text has it. */
  value?: string | undefined;
}

/** Aligned for who reads it as text; the best and what ties with it in bold. */
export function toMarkdown({ groups = [], columns, rows }: TextTable): string {
  const labels = fullLabels(groups, columns).map(escapeMarkdown);
  const lines = rows.map((row) => row.map(formatMarkdownCell));
  const widths = labels.map((label, column) =>
    Math.max(3, ...[label, ...lines.map((line) => line[column] ?? '')].map(lengthOf)),
  );
  const pad = (text: string, column: number): string => {
    const room = ' '.repeat((widths[column] ?? 0) - lengthOf(text));
    return columns[column]?.isText ? text + room : room + text;
  };
  const rule = widths.map((width, column) =>
    columns[column]?.isText ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [labels, rule, ...lines].map((line) => `| ${line.map(pad).join(' | ')} |`).join('\n');
}

/** `**20.5** ± 0.25 (+0.50)`. */
export function formatMarkdownCell({ text, stderr, delta, mark }: TextCell): string {
  const value = escapeMarkdown(text);
  return [
    mark && value !== '' ? `**${value}**` : value,
    ...(stderr === undefined ? [] : [`± ${stderr}`]),
    ...(delta === undefined ? [] : [`(${delta})`]),
  ].join(' ');
}

function lengthOf(text: string): number {
  return [...text].length;
}

/** More rows than a page has take the `longtable` environment. */
const rowsOfPage = 45;

/** A tabular of booktabs: best in bold, ties with a dagger, differences left out. Values are as they are shown. */
export function toLatex({ groups = [], columns, rows }: TextTable): string {
  const isLong = rows.length > rowsOfPage;
  const environment = isLong ? 'longtable' : 'tabular';
  const body = rows.map((row) => latexLine(row.map(latexCell)));
  const spans = groups.some(({ label }) => label !== '') ? latexGroups(groups) : [];
  const header = latexLine(columns.map(({ label }) => escapeLatex(label)));
  return [
    `\\begin{${environment}}{${columns.map(({ isText }) => (isText ? 'l' : 'r')).join('')}}`,
    '\\toprule',
    ...spans,
    header,
    '\\midrule',
    ...(isLong ? ['\\endhead'] : []),
    ...body,
    '\\bottomrule',
    `\\end{${environment}}`,
  ].join('\n');
}

function latexGroups(groups: readonly { label: string; span: number }[]): string[] {
  let column = 1;
  const rules: string[] = [];
  const cells = groups.map(({ label, span }) => {
    const [from, to] = [column, (column += span) - 1];
    if (label === '') return ' & '.repeat(span - 1);
    rules.push(`\\cmidrule(lr){${from}-${to}}`);
    return `\\multicolumn{${span}}{c}{${escapeLatex(label)}}`;
  });
  return [latexLine(cells), rules.join(' ')];
}

function latexLine(cells: readonly string[]): string {
  return `${cells.join(' & ')} \\\\`;
}

function latexCell({ text, stderr, mark }: TextCell): string {
  const value = escapeLatex(text);
  const error = stderr === undefined ? '' : ` {\\scriptsize$\\pm$${escapeLatex(stderr)}}`;
  if (mark === 'best') return `\\textbf{${value}}${error}`;
  return `${value}${mark === 'tie' ? '$^{\\dagger}$' : ''}${error}`;
}

/** RFC 4180, numbers with every digit; text that a spreadsheet would run is made inert. */
export function toCsv({ groups = [], columns, rows }: TextTable): string {
  const lines = rows.map((row) =>
    row.map(({ text, value }, index) => (value && !columns[index]?.isText ? value : guardFormula(text))),
  );
  const header = fullLabels(groups, columns).map(guardFormula);
  return [header, ...lines].map((line) => line.map(quoteCsv).join(',')).join('\n');
}

/**
 * The number that `shown` is rounded from, in the unit of `shown`, with that unit where it stands there. `key` is what its
 * rows are sorted by: the number itself, or a share that is shown in percent or points. Undefined where neither of the two
 * rounds to what is shown, as with dates and sizes, or both do and differ: the text is right then, a guess may not be.
 */
export function readPrecisely(shown: string, key: string): string | undefined {
  const plain = shown.replaceAll('\u2212', '-').replaceAll(',', '');
  const parts = /^(?:[\u25b2\u25bc=] )?([+-]?\d+(?:\.(\d+))?(?:e(-?\d+))?)((?: %| points?)?)$/.exec(plain);
  if (!parts || key === '' || !Number.isFinite(Number(key))) return undefined;
  const [, figure, fraction = '', exponent = '0', unit = ''] = parts;
  const slack = 0.500001 * 10 ** (Number(exponent) - fraction.length);
  const values = [Number(key), Number((Number(key) * 100).toPrecision(15))];
  const near = new Set(values.filter((value) => Math.abs(value - Number(figure)) <= slack));
  const [value] = near;
  return value === undefined || near.size > 1 ? undefined : `${value}${unit}`;
}

function quoteCsv(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** `piqa acc`: a column by its group and itself. */
function fullLabels(groups: NonNullable<TextTable['groups']>, columns: TextTable['columns']): string[] {
  const over = groups.flatMap(({ label, span }) => Array<string>(span).fill(label));
  return columns.map(({ label }, index) => [over[index] ?? '', label].filter(Boolean).join(' '));
}
