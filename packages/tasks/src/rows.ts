import { LowbitError, type DataFolder } from '@lowbit/core';

/** One row of a data file, or an object inside one. Every reader refuses what is not there: TASK_DATA, file, line, reason. */
export interface Row {
  text(key: string): string;
  integer(key: string): number;
  /** Where the value stands among those allowed; labels of one kind are kept apart, `"1"` is not `1`. */
  indexIn(key: string, allowed: readonly (string | number | boolean)[]): number;
  /** A list of texts. */
  texts(key: string): string[];
  object(key: string): Row;
  /** A list of objects. */
  list(key: string): Row[];
  /** Key and value of every entry, in the order of the file, but that keys which are whole numbers come first. */
  entries(): [string, unknown][];
  fail(reason: string): never;
}

/** A JSON object on each line. */
export async function readJsonLines(data: DataFolder, file: string): Promise<Row[]> {
  const lines = await data.readLines(file);
  return lines.map((line, index) => {
    const place = `${file}, line ${index + 1}`;
    return wrap(
      parseJson(line, () => place),
      '',
      place,
    );
  });
}

/** One JSON list of objects; a fault is told by the number of its row, from 1. */
export async function readJsonList(data: DataFolder, file: string): Promise<Row[]> {
  const text = await data.readText(file);
  const value = parseJson(text, (offset) => `${file}, line ${text.slice(0, offset).split('\n').length}`);
  if (!Array.isArray(value)) return fail(`${file}, line 1`, 'it is not a list of rows');
  return value.map((item, index) => wrap(item, '', `${file}, row ${index + 1}`));
}

/** Official labels, one a line, for the rows of another file. */
export async function readLabels(data: DataFolder, file: string, rows: number): Promise<string[]> {
  const labels = await data.readLines(file);
  if (labels.length === rows) return labels;
  const place = `${file}, line ${Math.min(labels.length, rows) + 1}`;
  return fail(place, `there are ${labels.length} labels for ${rows} rows`);
}

function parseJson(text: string, placeOf: (offset: number) => string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A text that ends too early has no position in its message.
    const offset = /position (\d+)/.exec(String(error))?.[1] ?? text.trimEnd().length;
    return fail(placeOf(Number(offset)), 'it is not JSON');
  }
}

/** `path` leads to the value within the row: `question.choices[2].`. */
function wrap(value: unknown, path: string, place: string): Row {
  const object: object = isObject(value) ? value : fail(place, `${path || 'the row'} is not an object`);
  const get = (key: string): unknown => Reflect.get(object, key);
  const refuse = (key: string, reason: string): never => fail(place, `${path}${key} ${reason}`);
  const items = (key: string): unknown[] => {
    const found = get(key);
    return Array.isArray(found) ? found : refuse(key, 'is not a list');
  };
  return {
    text(key) {
      const found = get(key);
      return typeof found === 'string' ? found : refuse(key, 'is not a text');
    },
    integer(key) {
      const found = get(key);
      return Number.isSafeInteger(found) ? Number(found) : refuse(key, 'is not a whole number');
    },
    indexIn(key, allowed) {
      const index = allowed.findIndex((each) => each === get(key));
      if (index >= 0) return index;
      return refuse(key, `is ${shorten(get(key))}, not one of ${allowed.map(shorten).join(', ')}`);
    },
    texts: (key) =>
      items(key).map((item, index) => (typeof item === 'string' ? item : refuse(`${key}[${index}]`, 'is not a text'))),
    object: (key) => wrap(get(key), `${path}${key}.`, place),
    list: (key) => items(key).map((item, index) => wrap(item, `${path}${key}[${index}].`, place)),
    entries: () => Object.entries(object),
    fail: (reason) => fail(place, reason),
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shorten(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 40);
}

/** For readers of files that are no JSON; `place` is the file and the line in it. */
export function fail(place: string, reason: string): never {
  throw new LowbitError('TASK_DATA', `${place}: ${reason}; get the official file again.`);
}
