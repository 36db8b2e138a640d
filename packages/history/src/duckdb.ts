import type * as DuckDB from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBInstance, DuckDBType, DuckDBValue } from '@duckdb/node-api';

/** Of a column of the index or of an answer. `instant` is a UTC time, ISO 8601 in answers. */
export type ColumnType = 'text' | 'number' | 'integer' | 'boolean' | 'instant';
export type Value = string | number | boolean | undefined;
export type Columns = Record<string, ColumnType>;

/** An answer: columns in order, a line a record. */
export interface Table {
  columns: { name: string; type: ColumnType }[];
  lines: Value[][];
}

const sqlTypes: Record<ColumnType, string> = {
  text: 'VARCHAR',
  number: 'DOUBLE',
  integer: 'BIGINT',
  boolean: 'BOOLEAN',
  instant: 'TIMESTAMP',
};

/** Lines of an appended piece: DuckDB's vectors hold as many. */
const chunkLines = 2048;

/** The engine, loaded when it is first needed: other commands do not pay for it. The only file that knows it. */
const load = (): Promise<typeof DuckDB> => import('@duckdb/node-api');

/** A database file or, with `:memory:`, none. Errors are the engine's own. */
export class Database {
  private constructor(
    readonly instance: DuckDBInstance,
    readonly connection: DuckDBConnection,
  ) {}

  static async open(path: string, { readOnly = false }: { readOnly?: boolean } = {}): Promise<Database> {
    const { DuckDBInstance } = await load();
    const instance = await DuckDBInstance.create(path, { access_mode: readOnly ? 'READ_ONLY' : 'READ_WRITE' });
    return new Database(instance, await instance.connect());
  }

  /** From here on nothing but this database can be read or written, whatever a statement says. */
  async confine(): Promise<void> {
    await this.run('SET enable_external_access = false; SET lock_configuration = true');
  }

  async run(sql: string, values: Record<string, string | number> = {}): Promise<void> {
    await this.connection.run(sql, values);
  }

  async query(sql: string, values: Record<string, string | number> = {}): Promise<Table> {
    const reader = await this.connection.runAndReadAll(sql, values);
    const types = reader.columnTypes().map((type) => columnTypeOf(String(type)));
    return {
      columns: reader.deduplicatedColumnNames().map((name, i) => ({ name, type: types[i] ?? 'text' })),
      lines: reader.getRowsJS().map((line) => line.map(toValue)),
    };
  }

  /** What takes lines for a table made with the same columns; `close` writes the last. */
  async append(table: string, columns: Columns): Promise<{ add: (line: Value[]) => void; close: () => void }> {
    const { DuckDBDataChunk } = await load();
    const types = Object.values(columns);
    const appender = await this.connection.createAppender(table);
    const duckTypes: DuckDBType[] = types.map((_, i) => appender.columnType(i));
    let lists: DuckDBValue[][] = types.map(() => []);
    const converters = await Promise.all(types.map(converterTo));
    const flush = (): void => {
      const rowCount = lists[0]?.length ?? 0;
      if (rowCount === 0) return;
      const chunk = DuckDBDataChunk.create(duckTypes, rowCount);
      chunk.setColumns(lists);
      appender.appendDataChunk(chunk);
      lists = types.map(() => []);
    };
    return {
      add: (line) => {
        for (const [i, list] of lists.entries()) list.push(converters[i]?.(line[i]) ?? null);
        if ((lists[0]?.length ?? 0) === chunkLines) flush();
      },
      close: () => {
        flush();
        appender.closeSync();
      },
    };
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }
}

/** A table as a Parquet file. */
export async function writeParquet(table: Table, path: string): Promise<void> {
  const database = await Database.open(':memory:');
  try {
    const columns: Columns = {};
    for (const { name, type } of table.columns) columns[nameApart(name, Object.keys(columns))] = type;
    await database.run(createTable('answer', columns));
    const { add, close } = await database.append('answer', columns);
    for (const line of table.lines) add(line);
    close();
    await database.run(`COPY answer TO ${quoteText(path)} (FORMAT parquet)`);
  } finally {
    database.close();
  }
}

/** Names that differ in case only are one to the engine, and an empty one is none. */
function nameApart(name: string, taken: readonly string[]): string {
  const lower = taken.map((each) => each.toLowerCase());
  let own = name || 'column';
  for (let i = 2; lower.includes(own.toLowerCase()); i++) own = `${name} (${i})`;
  return own;
}

export function createTable(name: string, columns: Columns): string {
  const list = Object.entries(columns).map(([column, type]) => `${quoteName(column)} ${sqlTypes[type]}`);
  return `CREATE TABLE ${quoteName(name)} (${list.join(', ')})`;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function converterTo(type: ColumnType): Promise<(value: Value) => DuckDBValue> {
  const { DuckDBTimestampValue } = await load();
  if (type === 'integer') return (value) => (Number.isSafeInteger(value) ? BigInt(value as number) : null);
  // NaN and null stand for a number that is not known.
  if (type === 'number') return (value) => (typeof value === 'number' && !Number.isNaN(value) ? value : null);
  if (type === 'boolean') return (value) => (typeof value === 'boolean' ? value : null);
  if (type === 'text') return (value) => (typeof value === 'string' ? value : null);
  return (value) => {
    const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    return Number.isNaN(time) ? null : new DuckDBTimestampValue(BigInt(time) * 1000n);
  };
}

function columnTypeOf(type: string): ColumnType {
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(type)) return 'integer';
  if (/^(DOUBLE|FLOAT|DECIMAL)/.test(type)) return 'number';
  if (type === 'BOOLEAN') return 'boolean';
  return type.startsWith('TIMESTAMP') ? 'instant' : 'text';
}

function toValue(value: unknown): Value {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.toISOString();
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? Number(each) : each));
}
