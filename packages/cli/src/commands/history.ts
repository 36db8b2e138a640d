import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LowbitError, reasonOf, writeAtomic } from '@lowbit/core/store';
import { HistoryIndex, pivotRows, requireColumn, selectRows, writeParquet } from '@lowbit/history/query';
import type { HistoryQuery, RowColumn, Table } from '@lowbit/history/query';
import { exitStatus } from '../exit-status.js';
import type { HistoryOptions } from '../history-options.js';
import { formatAnswer, formatAnswerAs } from '../history-text.js';
import { parseInstant } from '../parse-instant.js';

const tableColumns: readonly RowColumn[] = [
  ...(['created', 'run', 'model', 'recipe', 'task', 'metric', 'value', 'stderr', 'n'] as const),
  ...(['bitsPerWeight', 'status'] as const),
];
/** Lines that a reader of a terminal still reads. */
const tableLimit = 50;

/** `lowbit history [FOLDER...]`: rows of all runs, filtered, pivoted or exported. */
export async function history(folders: readonly string[], options: HistoryOptions): Promise<number> {
  const { format, output } = options;
  if (format === 'parquet' && output === undefined)
    throw new LowbitError('USAGE', 'Expected a file for parquet, got none; name one with -o.');
  if (options.sql?.trim() === '') throw new LowbitError('USAGE', 'Expected a query for --sql, got nothing; write one.');
  const opened = await open(folders, options);
  try {
    const table = await answer(opened, folders, options);
    if (table.lines.length === 0) note('no row fits.');
    if (format === 'parquet') await exportParquet(table, output ?? '');
    else {
      const text = format === 'table' ? `${formatAnswer(table)}\n` : await formatAnswerAs(format, table);
      if (output === undefined) process.stdout.write(text);
      else await writeTo(output, (path) => writeAtomic(path, text));
    }
    for (const { reason } of await opened.leftOut()) note(`left out: ${reason}`);
    return exitStatus.done;
  } finally {
    opened.close();
  }
}

/** `lowbit history add FOLDER...`: the index learns places and reads what is new there. */
export async function addToHistory(folders: readonly string[], { index }: { index?: string }): Promise<number> {
  if (index !== undefined) return tell(await open(folders, { index }, { isPatient: true }));
  const home = existsSync('runs') ? ['runs'] : [];
  return tell(await open([...home, ...folders], { index: join('runs', 'history.duckdb') }, { isPatient: true }));
}

/** `lowbit history rebuild [FOLDER...]`: the index anew, from nothing but the run files. */
export async function rebuildHistory(folders: readonly string[], { index }: { index?: string }): Promise<number> {
  return tell(await open(folders, { index }, { isPatient: true, anew: true }));
}

async function tell(opened: HistoryIndex): Promise<number> {
  try {
    const [line = []] = (
      await opened.query('SELECT (SELECT count(*) FROM runs WHERE run IS NOT NULL), (SELECT count(*) FROM rows)')
    ).lines;
    const { read, dropped } = opened.changed;
    process.stdout.write(
      `${opened.options.index}: ${line[0]} runs, ${line[1]} rows; ${read} runs read, ${dropped} dropped\n`,
    );
    for (const { reason } of await opened.leftOut()) note(`left out: ${reason}`);
    return exitStatus.done;
  } finally {
    opened.close();
  }
}

/** The index lies in the first folder, by default in `runs`; beside a run that is named itself. */
function open(
  folders: readonly string[],
  { index }: { index?: string | undefined },
  how: { isPatient?: boolean; anew?: boolean } = {},
): Promise<HistoryIndex> {
  const first = folders[0] ?? 'runs';
  const home = existsSync(join(first, 'manifest.json')) ? dirname(resolve(first)) : first;
  let last = performance.now();
  return HistoryIndex.open({
    ...{ index: index ?? join(home, 'history.duckdb'), folders, ...how },
    say: note,
    onRun: (done, total) => {
      if (performance.now() - last < 5000 || done === total) return;
      note(`${done} of ${total} runs read`);
      last = performance.now();
    },
  });
}

async function answer(opened: HistoryIndex, folders: readonly string[], options: HistoryOptions): Promise<Table> {
  const { sql, where, run, model, recipe, task, metric, status, sort, pivot, aggregate } = options;
  if (sql !== undefined) return opened.query(sql);
  const query: HistoryQuery = {
    folders,
    patterns: { run, model, recipe, task, metric, status },
    since: options.since === undefined ? undefined : parseInstant(options.since, 'begin'),
    until: options.until === undefined ? undefined : parseInstant(options.until, 'end'),
    where,
  };
  if (pivot !== undefined) {
    const { table, without, mixed } = await pivotRows(opened, query, { ...parsePivot(pivot), aggregate });
    if (without > 0) note(`${without} cells have no figure (failed, missing or unreadable) and are not in the table.`);
    if (mixed > 0)
      note(`${mixed} figures are over runs on different documents or tokens; narrow them, or take latest.`);
    return table;
  }
  const isTable = options.format === 'table';
  const columns = options.columns?.map(requireColumn) ?? (isTable ? tableColumns : undefined);
  const most = options.limit ?? (isTable && options.output === undefined ? tableLimit : 0);
  const limit = most === 0 ? undefined : most;
  const { table, total } = await selectRows(opened, query, { columns, sort, limit });
  if (table.lines.length < total) note(`${table.lines.length} of ${total} rows; --limit 0 shows all.`);
  return columns === tableColumns ? withoutDone(table) : table;
}

/** `recipe+model,task,value`: what goes down, what goes across, and the figure. */
function parsePivot(text: string): { rows: RowColumn[]; columns: RowColumn[]; value: RowColumn } {
  const [rows = '', columns = '', value = 'value', ...rest] = text.split(',').map((part) => part.trim());
  if (rows === '' || columns === '' || rest.length > 0)
    throw new LowbitError(
      'USAGE',
      `Expected ROWS,COLUMNS[,VALUE] for --pivot, got '${text}'; write recipe,task,value.`,
    );
  const list = (names: string): RowColumn[] => names.split('+').map((name) => requireColumn(name.trim()));
  return { rows: list(rows), columns: list(columns), value: requireColumn(value) };
}

/** The status is worth a column only where something is not done. */
function withoutDone({ columns, lines }: Table): Table {
  if (lines.some((line) => line.at(-1) !== 'done')) return { columns, lines };
  return { columns: columns.slice(0, -1), lines: lines.map((line) => line.slice(0, -1)) };
}

function exportParquet(table: Table, output: string): Promise<void> {
  return writeTo(output, async (path) => {
    await writeParquet(table, `${path}.tmp`);
    await rename(`${path}.tmp`, path);
  });
}

async function writeTo(path: string, write: (path: string) => Promise<void>): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await write(path);
  } catch (error) {
    throw new LowbitError(
      'USAGE',
      `Expected to write ${path}, but it cannot be (${reasonOf(error)}); name another file.`,
    );
  }
}

function note(text: string): void {
  process.stderr.write(`note: ${text}\n`);
}
