import { LowbitError } from '@lowbit/core/store';
import { quoteName } from './duckdb.js';
import type { Table, Value } from './duckdb.js';
import type { HistoryIndex } from './history.js';
import { rowColumns } from './index-schema.js';
import { requireColumn, writeCondition } from './select-rows.js';
import type { HistoryQuery, RowColumn } from './select-rows.js';

/** How several values of one place become one: that of the newest run, or over all of them. */
export const aggregates = ['latest', 'mean', 'min', 'max', 'count'] as const;
export type Aggregate = (typeof aggregates)[number];

export interface Pivot {
  rows: readonly RowColumn[];
  columns: readonly RowColumn[];
  value: RowColumn;
  aggregate: Aggregate;
}

/** On the side of the rows and of the columns: kept apart wherever several of them come. */
const subjects: Side[] = [
  { side: 'rows', column: 'model' },
  { side: 'rows', column: 'recipe' },
  { side: 'columns', column: 'task' },
  { side: 'columns', column: 'metric' },
];

/** How a figure came about: kept apart only where one place has several. */
const circumstances: Side[] = [
  { side: 'rows', column: 'precision' },
  { side: 'columns', column: 'fewShot' },
  { side: 'columns', column: 'chatTemplate' },
  { side: 'columns', column: 'protocol' },
];

interface Side {
  side: 'rows' | 'columns';
  column: RowColumn;
}

const functions: Record<Aggregate, (value: string) => string> = {
  latest: (value) => `arg_max(${value}, (created, folder))`,
  mean: (value) => `avg(${value})`,
  min: (value) => `min(${value})`,
  max: (value) => `max(${value})`,
  count: (value) => `count(${value})`,
};

/** More columns than anybody reads: a mistaken choice. */
const mostColumns = 1000;

/**
 * A table of one value by two or more columns. Models, recipes, tasks, metrics and protocols that are not named and differ are
 * kept apart, never averaged over. `without` counts cells that have no figure and so no place, `mixed` the places where figures
 * of different documents or tokens came together. Throws HISTORY_QUERY.
 */
export async function pivotRows(
  history: HistoryIndex,
  query: HistoryQuery,
  { rows, columns, value, aggregate }: Pivot,
): Promise<{ table: Table; without: number; mixed: number }> {
  const { sql, values } = writeCondition(query, history.options.index);
  if (aggregate === 'mean' && !/^(number|integer)$/.test(rowColumns[value]))
    throw new LowbitError(
      'HISTORY_QUERY',
      `Expected a column of numbers for the mean, got '${value}'; take latest, min, max or count.`,
    );
  const from = `FROM rows WHERE ${sql} AND ${quoteName(value)} IS NOT NULL AND metric IS NOT NULL`;
  const isFree = ({ column }: Side): boolean => ![...rows, ...columns].includes(column);
  const count = (sides: readonly Side[]): string =>
    sides
      .map(
        ({ column }) => `count(DISTINCT coalesce(CAST(${quoteName(column)} AS VARCHAR), '')) AS ${quoteName(column)}`,
      )
      .join(', ');
  /** Those of which a group has more than one value. */
  const findSeveral = async (sides: readonly Side[], keys: readonly RowColumn[]): Promise<Side[]> => {
    if (sides.length === 0) return [];
    const groups = keys.length > 0 ? `GROUP BY ${keys.map(quoteName).join(', ')}` : '';
    const most = sides.map(({ column }) => `max(${quoteName(column)})`).join(', ');
    const { lines } = await history.query(`SELECT ${most} FROM (SELECT ${count(sides)} ${from} ${groups})`, values);
    return sides.filter((_, i) => Number(lines[0]?.[i]) > 1);
  };
  const apart = await findSeveral(subjects.filter(isFree), []);
  const places = [...rows, ...columns, ...apart.map(({ column }) => column)];
  const differing = [...apart, ...(await findSeveral(circumstances.filter(isFree), places))];
  const side = (wanted: Side['side']): RowColumn[] =>
    differing.filter((each) => each.side === wanted).map(({ column }) => column);
  const down = [...rows, ...side('rows')].map(requireColumn);
  const across = [...columns, ...side('columns')].map(requireColumn);
  const keys = [...down, ...across].map(quoteName).join(', ');
  const first = across.map((column) => `${quoteName(column)} NULLS LAST`).join(', ');
  const long = await history.query(
    `SELECT ${keys}, count(DISTINCT (n, tokenSha256)), ${functions[aggregate](quoteName(value))} ${from} GROUP BY ${keys} ORDER BY ${first}, ${down.map(quoteName).join(', ')}`,
    values,
  );
  const missing = await history.query(
    `SELECT count(DISTINCT (folder, model, recipe, task)) FROM rows WHERE ${sql} AND metric IS NULL`,
    values,
  );
  const isMixed = (line: Value[]): boolean => aggregate !== 'latest' && Number(line.at(-2)) > 1;
  return {
    table: spreadOut(long, down, across, value, aggregate),
    without: Number(missing.lines[0]?.[0]),
    mixed: long.lines.filter(isMixed).length,
  };
}

/** Keys and a value a line, into a line for each of the first keys and a column for each of the others. */
function spreadOut(
  long: Table,
  down: readonly RowColumn[],
  across: readonly RowColumn[],
  value: RowColumn,
  aggregate: Aggregate,
): Table {
  const heads = new Map<string, string>();
  const lines = new Map<string, { keys: Value[]; values: Map<string, Value> }>();
  for (const line of long.lines) {
    const keys = line.slice(0, down.length);
    const parts = line.slice(down.length, down.length + across.length);
    const [key, head] = [JSON.stringify(keys), JSON.stringify(parts)];
    if (!heads.has(head)) heads.set(head, nameApart(parts, [...down, ...heads.values()]));
    const known = lines.get(key) ?? { keys, values: new Map<string, Value>() };
    lines.set(key, known);
    known.values.set(head, line.at(-1));
  }
  if (heads.size > mostColumns)
    throw new LowbitError(
      'HISTORY_QUERY',
      `Expected at most ${mostColumns} columns, got ${heads.size}; pivot by another column than ${across.join(', ')}, or filter.`,
    );
  const type = aggregate === 'count' ? 'integer' : aggregate === 'mean' ? 'number' : rowColumns[value];
  return {
    columns: [
      ...down.map((name) => ({ name, type: rowColumns[name] })),
      ...[...heads.values()].map((name) => ({ name, type })),
    ],
    lines: [...lines.values()]
      .sort((a, b) => compareKeys(a.keys, b.keys, down.length))
      .map(({ keys, values }) => [...keys, ...[...heads.keys()].map((head) => values.get(head))]),
  };
}

/** Names of columns are told apart even where their parts, joined, are the same. */
function nameApart(parts: readonly Value[], taken: readonly string[]): string {
  const name = parts.filter((part) => part !== undefined).join(' ');
  let own = name;
  for (let i = 2; taken.includes(own); i++) own = `${name} (${i})`;
  return own;
}

function compareKeys(a: readonly Value[], b: readonly Value[], count: number): number {
  for (let i = 0; i < count; i++) {
    const [left, right] = [a[i], b[i]];
    if (left === right) continue;
    if (left === undefined || right === undefined) return left === undefined ? 1 : -1;
    return left < right ? -1 : 1;
  }
  return 0;
}
