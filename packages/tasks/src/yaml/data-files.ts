import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LowbitError, type DataFolder } from '@lowbit/core';
import type { TaskConfig } from './check-config.js';
import type { DataRow } from './interpret-row.js';
import { refuse } from './read-config.js';

/** The files of a split: beside the task file, else below the data folder. Throws TASK_FILE. */
export async function findDataFiles(config: TaskConfig, file: string, split: string): Promise<string[]> {
  const names = await listFiles(config, file, split);
  return Promise.all(names.map((name) => locate(name, file)));
}

async function listFiles({ datasetPath, dataFiles }: TaskConfig, file: string, split: string): Promise<string[]> {
  if (datasetPath === 'json') return readDataFiles(dataFiles, file, split);
  for (const ending of ['jsonl', 'json']) {
    const name = resolve(dirname(file), datasetPath, `${split}.${ending}`);
    if (dataFiles === undefined && (await isThere(name))) return [name];
  }
  throw refuse(
    file,
    'dataset_path',
    `'${datasetPath}' is neither json with data_files nor a folder here with ${split}.jsonl`,
  );
}

/** A name or a list of names is the split `train`, as in Hugging Face datasets. */
function readDataFiles(given: unknown, file: string, split: string): string[] {
  const splits = typeof given === 'object' && given !== null && !Array.isArray(given) ? { ...given } : { train: given };
  const names = [(splits as Record<string, unknown>)[split] ?? []].flat();
  if (names.length > 0 && names.every((name) => typeof name === 'string')) return names;
  throw refuse(file, 'dataset_kwargs.data_files', `it names no file of the split ${split}`);
}

/** A path as written where it is not beside the task file. */
async function locate(name: string, file: string): Promise<string> {
  const beside = resolve(dirname(file), name);
  return (await isThere(beside)) ? beside : name;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export interface PlacedRow {
  row: DataRow;
  /** For errors: file and line, or place in the list. */
  place: string;
}

/** Objects of JSON files, a list in each or one object a line. TASK_DATA where one is not. */
export async function readRows(data: DataFolder, files: readonly string[]): Promise<PlacedRow[]> {
  const rows: PlacedRow[] = [];
  for (const file of files) {
    const text = await data.readText(file);
    const isList = text.trimStart().startsWith('[');
    const values = isList ? parseList(text, file) : text.split('\n').map((line, index) => parseLine(line, file, index));
    values.forEach((row, index) => {
      const place = `${file}, ${isList ? 'row' : 'line'} ${index + 1}`;
      if (row === undefined) return;
      if (typeof row !== 'object' || row === null || Array.isArray(row)) throw malformed(place, 'it is not an object');
      rows.push({ row: { ...row }, place });
    });
  }
  return rows;
}

function parseList(text: string, file: string): unknown[] {
  try {
    return [JSON.parse(text)].flat();
  } catch {
    throw malformed(`${file}, line 1`, 'the file begins as a list, but is not JSON');
  }
}

/** Undefined for a blank line. */
function parseLine(line: string, file: string, index: number): unknown {
  if (line.trim() === '') return undefined;
  try {
    return JSON.parse(line);
  } catch {
    throw malformed(`${file}, line ${index + 1}`, 'it is not JSON');
  }
}

export function malformed(place: string, reason: string): LowbitError {
  return new LowbitError('TASK_DATA', `${place}: ${reason}; correct the file.`);
}
