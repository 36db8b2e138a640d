import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { isJsonObject } from './json.js';
import type { JsonObject } from './json.js';

/** Where everything lies that can be computed again: `$XDG_CACHE_HOME/lowbit`, else `~/.cache/lowbit`. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lowbit');
}

/** A file this young could be written again within the resolution of its time stamp. */
const SETTLED_MS = 2000;

/**
 * A fact about a file's content (its hash, say) that is computed once: it is kept under `cacheFolder()/files` together
 * with the file's size and time of change, and holds as long as both do. `file` is a real path. Where the cache cannot
 * be read or written, the fact is computed each time.
 */
export async function fileFact(file: string, fact: string, compute: () => Promise<string>): Promise<string> {
  const state = await fileState(file);
  const entry = join(cacheFolder(), 'files', `${createHash('sha256').update(file).digest('hex')}.json`);
  const known = (await readFacts(entry, state))[fact];
  if (typeof known === 'string') return known;
  const value = await compute();
  const after = await fileState(file);
  if (after.state === state.state && Date.now() - after.changed > SETTLED_MS)
    await writeFacts(entry, { file, state: state.state, facts: { ...(await readFacts(entry, state)), [fact]: value } });
  return value;
}

interface FileState {
  state: string;
  /** Milliseconds since 1970. */
  changed: number;
}

async function fileState(file: string): Promise<FileState> {
  const { size, mtimeNs, mtimeMs } = await stat(file, { bigint: true });
  return { state: `${size} bytes, changed ${mtimeNs}`, changed: Number(mtimeMs) };
}

async function readFacts(entry: string, { state }: FileState): Promise<JsonObject> {
  try {
    const stored: unknown = JSON.parse(await readFile(entry, 'utf8'));
    return isJsonObject(stored) && stored.state === state && isJsonObject(stored.facts) ? stored.facts : {};
  } catch {
    // No entry yet, or one that a full disk cut off: both only mean that nothing is known.
    return {};
  }
}

async function writeFacts(entry: string, content: JsonObject): Promise<void> {
  const part = `${entry}.${process.pid}.part`;
  try {
    await mkdir(dirname(entry), { recursive: true });
    await writeFile(part, `${JSON.stringify(content)}\n`);
    await rename(part, entry);
  } catch {
    // A read-only home: the fact is simply computed again next time.
  }
}
