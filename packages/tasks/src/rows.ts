import { LowbitError, type DataFolder } from '@lowbit/core';

/** One row of a data file, or an object inside one. Every reader refuses what is not there: TASK_DATA, file, line, reason. */
export interface Row {
  /** From 1. */
  line: number;
  text(key: string): string;
  object(key: string): Row;
  /** A list of objects. */
  list(key: string): Row[];
  fail(reason: string): never;
}

/** A JSON object on each line. */
export async function readJsonLines(data: DataFolder, file: string): Promise<Row[]> {
  const lines = await data.readLines(file);
  return lines.map((line, index) => parseRow(line, file, index + 1));
}

/** Official labels, one a line, for the rows of another file. */
export async function readLabels(data: DataFolder, file: string, rows: number): Promise<string[]> {
  const labels = await data.readLines(file);
  if (labels.length === rows) return labels;
  return fail(file, Math.min(labels.length, rows) + 1, `there are ${labels.length} labels for ${rows} rows`);
}

function parseRow(line: string, file: string, number: number): Row {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return fail(file, number, 'it is not JSON');
  }
  return wrap(value, '', file, number);
}

/** `path` leads to the value within the row: `question.choices[2].`. */
function wrap(value: unknown, path: string, file: string, line: number): Row {
  const object: object = isObject(value) ? value : fail(file, line, `${path || 'the row'} is not an object`);
  const get = (key: string): unknown => Reflect.get(object, key);
  return {
    line,
    text(key) {
      const found = get(key);
      return typeof found === 'string' ? found : fail(file, line, `${path}${key} is not a text`);
    },
    object: (key) => wrap(get(key), `${path}${key}.`, file, line),
    list(key) {
      const found = get(key);
      if (!Array.isArray(found)) return fail(file, line, `${path}${key} is not a list`);
      return found.map((item, index) => wrap(item, `${path}${key}[${index}].`, file, line));
    },
    fail: (reason) => fail(file, line, reason),
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fail(file: string, line: number, reason: string): never {
  throw new LowbitError('TASK_DATA', `${file}, line ${line}: ${reason}; get the official file again.`);
}
