import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { basename, isAbsolute, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { LowbitError, reasonOf } from './errors.js';
import { readTar } from './read-tar.js';
import type { TaskRecord } from './store/types.js';
import type { DataFolder } from './task.js';

/** A data folder that remembers what was read from it. */
export interface RecordedDataFolder extends DataFolder {
  /** Hash and size of each file read so far, by path. */
  readFiles(): TaskRecord['files'];
}

/**
 * Files below `directory`, or of an absolute path, which is recorded by its last part, as UTF-8. Where a file is not there,
 * `<path>.gz` stands for it, and its record is that of the unpacked bytes: how a file is packed changes no cell. A missing or
 * malformed file is a TASK_DATA error that names it.
 */
export function openDataFolder(directory: string): RecordedDataFolder {
  const records = new Map<string, TaskRecord['files'][number]>();

  async function read<T>(path: string, parse: (bytes: Buffer) => T): Promise<T> {
    const bytes = await readBytes(directory, path);
    const content = parse(bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    records.set(path, { path: isAbsolute(path) ? basename(path) : path, sha256, bytes: bytes.length });
    return content;
  }

  const readText = (path: string): Promise<string> => read(path, (bytes) => decodeText(bytes, path));

  return {
    readText,
    async readLines(path) {
      return splitLines(await readText(path));
    },
    readArchive: (path) =>
      read(path, (bytes) => {
        const files = [...readTar(bytes, path)];
        return new Map(files.map(([name, content]) => [name, decodeText(content, `${path}, ${name}`)]));
      }),
    has: async (path) => (await isThere(resolve(directory, path))) || isThere(resolve(directory, `${path}${packed}`)),
    readFiles: () => [...records.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** Lines without their line feed or carriage return; what follows the last line feed is a line if it is not empty. */
export function splitLines(text: string): string[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines[lines.length - 1] === '') lines.pop();
  return lines;
}

const packed = '.gz';

async function readBytes(directory: string, path: string): Promise<Buffer> {
  const isPacked =
    !(await isThere(resolve(directory, path))) && (await isThere(resolve(directory, `${path}${packed}`)));
  const name = isPacked ? `${path}${packed}` : path;
  try {
    const bytes = await readFile(resolve(directory, name));
    return isPacked ? await promisify(gunzip)(bytes) : bytes;
  } catch (cause) {
    throw new LowbitError(
      'TASK_DATA',
      `The data folder should hold ${name}, but it could not be read (${reasonOf(cause)}); put the official file in place or set --data.`,
      { cause },
    );
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function decodeText(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new LowbitError(
      'TASK_DATA',
      `${path} should be UTF-8 text, but has bytes that are not; get the official file again.`,
      {
        cause,
      },
    );
  }
}
