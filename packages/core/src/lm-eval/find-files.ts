import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LowbitError, reasonOf } from '../errors.js';
import { parseResults, unreadable, type ResultsDocument } from './results.js';

/** One run of the harness: a results file, and its tasks' samples where they were logged. */
export interface HarnessFiles {
  path: string;
  /** As it lies on disk. */
  text: string;
  document: ResultsDocument;
  /** Path by task. */
  samples: Map<string, string>;
}

/**
 * Results files among `paths`, folders searched to the bottom, each with the samples beside it that have its date. Throws
 * IMPORT_UNREADABLE for a file that cannot be read and for samples without results, IMPORT_CONFLICT where there is nothing.
 */
export async function findHarnessFiles(paths: readonly string[]): Promise<HarnessFiles[]> {
  const named = new Set((await Promise.all(paths.map(listFiles))).flat());
  const results = [...named].filter((path) => path.endsWith('.json')).sort();
  const found: HarnessFiles[] = [];
  for (const path of results) {
    const text = await readText(path);
    const document = parseResults(text, path);
    found.push({ path, text, document, samples: await findSamples(path, Object.keys(document.configs)) });
  }
  const owned = new Set(found.flatMap(({ samples }) => [...samples.values()]));
  const orphan = [...named].find((path) => path.endsWith('.jsonl') && !owned.has(path));
  if (orphan !== undefined) throw unreadable(orphan, 'no results file beside it has its task and date');
  if (found.length === 0)
    throw new LowbitError(
      'IMPORT_CONFLICT',
      `Expected results_*.json of lm-evaluation-harness in ${paths.join(', ')}, found none; name the folder that it wrote with --output_path.`,
    );
  return found;
}

async function listFiles(path: string): Promise<string[]> {
  const facts = await stat(path).catch((error: unknown) => {
    throw unreadable(path, `it is not there (${reasonOf(error)})`);
  });
  if (!facts.isDirectory()) {
    if (/\.jsonl?$/.test(path)) return [join(path)];
    throw unreadable(path, 'its name ends neither in .json nor in .jsonl');
  }
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && /^(results_.*\.json|samples_.*\.jsonl)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** `results_DATE.json` has `samples_TASK_DATE.jsonl`. */
async function findSamples(path: string, tasks: readonly string[]): Promise<Map<string, string>> {
  const date = /_(\d{4}-\d\d-\d\dT[\d.-]+)\.json$/.exec(basename(path))?.[1];
  const beside = new Set(await readdir(dirname(path)));
  const names = tasks.map((task) => [task, `samples_${task}${date === undefined ? '' : `_${date}`}.jsonl`] as const);
  return new Map(names.flatMap(([task, name]) => (beside.has(name) ? [[task, join(dirname(path), name)]] : [])));
}

export async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, `it cannot be opened (${reasonOf(error)})`);
  });
}
