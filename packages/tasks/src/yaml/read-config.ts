import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LowbitError, reasonOf } from '@lowbit/core';
import { isNode, isPair, isScalar, parseDocument, visit } from 'yaml';

export type Config = Record<string, unknown>;

/** A task's YAML file with what it includes, local keys winning, as lm-evaluation-harness merges them. Throws TASK_FILE. */
export async function readConfig(file: string, including: readonly string[] = []): Promise<Config> {
  if (including.includes(file)) throw refuse(file, 'include', 'it includes itself');
  const own = parse(await readText(file), file);
  const { include, ...local } = own;
  const merged: Config = {};
  for (const each of include === undefined ? [] : [include].flat()) {
    if (typeof each !== 'string') throw refuse(file, 'include', 'it is no file name');
    Object.assign(merged, await readConfig(resolve(dirname(file), each), [...including, file]));
  }
  return { ...merged, ...local };
}

/** TASK_FILE: the key that cannot be used, and why. */
export function refuse(file: string, key: string, reason: string): LowbitError {
  return new LowbitError(
    'TASK_FILE',
    `Expected a multiple_choice task without Python in ${file}, got key '${key}' that cannot be used (${reason}); leave it out or write the task as a plugin.`,
  );
}

/** YAML 1.1, which PyYAML reads: an unquoted `no` is false. */
function parse(text: string, file: string): Config {
  const document = parseDocument(text, { version: '1.1', logLevel: 'silent' });
  const [error] = document.errors;
  if (error) throw unreadable(file, error.message.split('\n')[0] ?? '', error);
  visit(document, (key, node, path) => {
    if (!isNode(node) || node.tag === undefined || node.tag.startsWith('tag:yaml.org')) return;
    const pair = path.filter(isPair).at(-1);
    const name = pair && isScalar(pair.key) ? String(pair.key.value) : String(key);
    throw refuse(file, name, `it has the tag ${node.tag}`);
  });
  const value: unknown = document.toJS();
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw unreadable(file, 'it is no mapping');
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, reasonOf(cause), cause);
  }
}

function unreadable(file: string, reason: string, cause?: unknown): LowbitError {
  return new LowbitError(
    'TASK_FILE',
    `Expected a task of lm-evaluation-harness in ${file}, but it cannot be read (${reason}); correct the file or its name.`,
    { cause },
  );
}
