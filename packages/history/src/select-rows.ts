import { LowbitError, nearestName } from '@lowbit/core/store';
import { quoteName } from './duckdb.js';
import type { Table } from './duckdb.js';
import type { HistoryIndex } from './history.js';
import { rowColumns } from './index-schema.js';
import { namesOf } from './index-refresh.js';

export type RowColumn = keyof typeof rowColumns;

/** What of the rows is asked for; what is absent does not restrict. */
export interface HistoryQuery {
  /** Runs at or below these. */
  folders?: readonly string[] | undefined;
  /** By column, patterns with `*` for any characters and `?` for one; one of them must fit. */
  patterns?: Partial<Record<'run' | 'model' | 'recipe' | 'task' | 'metric' | 'status', readonly string[]>> | undefined;
  /** Instants, ISO 8601; `until` is left out itself. */
  since?: string | undefined;
  until?: string | undefined;
  /** A condition in SQL. */
  where?: string | undefined;
}

export interface RowSelection {
  /** All by default. */
  columns?: readonly RowColumn[] | undefined;
  /** Columns, with a minus where the largest comes first. The newest come first by default. */
  sort?: readonly string[] | undefined;
  /** Undefined for all. */
  limit?: number | undefined;
}

interface Condition {
  sql: string;
  values: Record<string, string | number>;
}

/** Rows of the index, and how many there would be without the limit. Throws HISTORY_QUERY. */
export async function selectRows(
  history: HistoryIndex,
  query: HistoryQuery,
  { columns = Object.keys(rowColumns) as RowColumn[], sort = ['-created'], limit }: RowSelection,
): Promise<{ table: Table; total: number }> {
  const { sql, values } = writeCondition(query, history.options.index);
  const order = [...sort, 'folder', 'model', 'recipe', 'task', 'metric'].map((key) => {
    const name = key.replace(/^-/, '');
    return `${quoteName(requireColumn(name))} ${key.startsWith('-') ? 'DESC' : 'ASC'} NULLS LAST`;
  });
  const from = `FROM rows WHERE ${sql}`;
  const list = columns.map((column) => quoteName(requireColumn(column))).join(', ');
  const table = await history.query(
    `SELECT ${list} ${from} ORDER BY ${order.join(', ')}${limit === undefined ? '' : ` LIMIT ${Math.trunc(limit)}`}`,
    values,
  );
  const isWhole = limit === undefined || table.lines.length < limit;
  const total = isWhole
    ? table.lines.length
    : Number((await history.query(`SELECT count(*) ${from}`, values)).lines[0]?.[0]);
  return { table, total };
}

/** The name, if rows have such a column. Throws HISTORY_QUERY. */
export function requireColumn(name: string): RowColumn {
  if (Object.hasOwn(rowColumns, name)) return name as RowColumn;
  const names = Object.keys(rowColumns);
  const near = nearestName(name, names);
  throw new LowbitError(
    'HISTORY_QUERY',
    `Expected a column of rows, got '${name}'; ${near === undefined ? `the columns are ${names.join(', ')}.` : `did you mean '${near}'?`}`,
  );
}

/** Everything that is given reaches the engine as a value, `where` alone as a part of the statement. */
export function writeCondition(query: HistoryQuery, index: string): Condition {
  const parts: string[] = [];
  const values: Condition['values'] = {};
  const bind = (value: string): string => {
    const name = `v${Object.keys(values).length}`;
    values[name] = value;
    return `$${name}`;
  };
  const any = (list: readonly string[]): void => void parts.push(`(${list.join(' OR ')})`);
  for (const [column, patterns] of Object.entries(query.patterns ?? {}))
    if (patterns.length > 0)
      any(patterns.map((pattern) => `${quoteName(column)} LIKE ${bind(toLike(pattern))} ESCAPE '!'`));
  if (query.folders && query.folders.length > 0) {
    const { toName } = namesOf(index);
    any(query.folders.map((folder) => writeBelow(toName(folder), bind)));
  }
  if (query.since !== undefined) parts.push(`created >= CAST(${bind(query.since)} AS TIMESTAMP)`);
  if (query.until !== undefined) parts.push(`created < CAST(${bind(query.until)} AS TIMESTAMP)`);
  // On a line of its own, so that a comment in it does not hide the parenthesis.
  if (query.where !== undefined) parts.push(`(${query.where}\n)`);
  return { sql: parts.join(' AND ') || 'true', values };
}

function writeBelow(name: string, bind: (value: string) => string): string {
  if (name === '.') return `folder NOT LIKE '../%' AND folder NOT LIKE '/%'`;
  return `folder = ${bind(name)} OR starts_with(folder, ${bind(`${name}/`)})`;
}

function toLike(pattern: string): string {
  return pattern.replace(/[%_!]/g, '!$&').replaceAll('*', '%').replaceAll('?', '_');
}
