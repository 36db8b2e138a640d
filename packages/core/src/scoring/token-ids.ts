import { createHash } from 'node:crypto';
import { LowbitError } from '../errors.js';

/**
 * sha256 over token ids as little-endian int32, sequences one after the other: the identity of what was scored or
 * calibrated on. Lengths are not part of it.
 */
export function hashTokenIds(sequences: Iterable<Int32Array>): string {
  const hash = createHash('sha256');
  for (const ids of sequences) {
    const bytes = Buffer.alloc(ids.length * 4);
    ids.forEach((id, index) => bytes.writeInt32LE(id, index * 4));
    hash.update(bytes);
  }
  return hash.digest('hex');
}

/**
 * Token ids as users hand them over, JSON `number[][]`: each list one sequence, none empty, every id within the
 * vocabulary when `vocabSize` is given. `from` names the file in the TOKEN_IDS error.
 */
export function parseTokenIds(json: string, from: string, vocabSize?: number): Int32Array[] {
  const lists = parseLists(json, from);
  if (lists.length === 0) throw malformed(from, 'an empty list', 'give at least one sequence');
  return lists.map((list, row) => {
    if (!Array.isArray(list) || list.length === 0)
      throw malformed(from, `${describe(list)} as sequence ${row}`, 'make each sequence a list of at least one id');
    return Int32Array.from(list, (id: unknown, column) => checkId(id, from, row, column, vocabSize));
  });
}

function parseLists(json: string, from: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new LowbitError(
      'TOKEN_IDS',
      `${from} should hold JSON lists of token ids, but it is not JSON: ${String(cause)}.`,
      {
        cause,
      },
    );
  }
  if (Array.isArray(value)) return value;
  throw malformed(from, describe(value), 'write [[1, 2, 3], ...]');
}

function checkId(id: unknown, from: string, row: number, column: number, vocabSize: number | undefined): number {
  const place = `as id ${column} of sequence ${row}`;
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > 0x7fffffff)
    throw malformed(from, `${describe(id)} ${place}`, 'an id is an integer from 0');
  if (vocabSize !== undefined && id >= vocabSize)
    throw malformed(from, `${id} ${place}`, `the vocabulary has the ids 0 to ${vocabSize - 1}`);
  return id;
}

function malformed(from: string, came: string, cure: string): LowbitError {
  return new LowbitError(
    'TOKEN_IDS',
    `${from} should hold a JSON list of lists of token ids, but has ${came}; ${cure}.`,
  );
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
