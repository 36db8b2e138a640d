import { readFile, stat } from 'node:fs/promises';
import { LowbitError, reasonOf } from '../errors.js';
import type { ErrorCode } from '../errors.js';

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON object from text that is not trusted; `source` names it in the error. Duplicate keys are an error. */
export function parseJsonObject(text: string, source: string, code: ErrorCode): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = `${source} must be JSON, and it cannot be parsed (${reasonOf(error)}); fetch it again.`;
    throw new LowbitError(code, message, { cause: error });
  }
  if (!isJsonObject(value)) throw new LowbitError(code, `${source} must be a JSON object, and it is ${show(value)}.`);
  const twice = findDuplicateKey(text);
  if (twice !== undefined)
    throw new LowbitError(code, `${source} gives the key "${twice}" twice, and only one of the two can be meant.`);
  return value;
}

/** The same from a file, whose size is checked before it is read; undefined where there is no such file. */
export async function readJsonObject(file: string, code: ErrorCode): Promise<JsonObject | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  if (found.size > MAX_JSON_BYTES)
    throw new LowbitError(code, `${file} must be at most ${MAX_JSON_BYTES} bytes, and it has ${found.size}.`);
  return parseJsonObject(await readFile(file, 'utf8'), file, code);
}

/** A config is some kilobytes, the index of a very large model some megabytes. */
const MAX_JSON_BYTES = 100_000_000;

/** First key that one object of a valid JSON text has twice. `JSON.parse` would keep the last without a word. */
export function findDuplicateKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let pending = '""';
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token !== ':') pending = token;
    else {
      // Escapes are undone before comparing: "a" and "\u0061" are one key.
      const key = String(JSON.parse(pending));
      if (open.at(-1)?.has(key)) return key;
      open.at(-1)?.add(key);
    }
  }
  return undefined;
}

/** A value as an error message quotes it, shortened. */
export function show(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
