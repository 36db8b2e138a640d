import { LowbitError, reasonOf } from '@lowbit/core';
import { parse } from 'csv-parse/sync';

/** Rows of a CSV text (RFC 4180) below its header, by column. TASK_DATA where a row is malformed or a column is missing. */
export function readCsv(text: string, file: string, columns: readonly string[]): Record<string, string>[] {
  let rows: Record<string, string>[];
  try {
    rows = parse(text, { columns: true, bom: true, skip_empty_lines: true });
  } catch (cause) {
    throw new LowbitError(
      'TASK_DATA',
      `${file} should be CSV, but it cannot be read (${reasonOf(cause)}); get the official file again.`,
      { cause },
    );
  }
  const missing = columns.find((column) => rows[0]?.[column] === undefined);
  if (missing === undefined) return rows;
  throw new LowbitError('TASK_DATA', `${file}, line 1: it has no column ${missing}; get the official file again.`);
}
