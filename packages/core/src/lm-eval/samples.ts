import { createHash } from 'node:crypto';
import { reasonOf } from '../errors.js';
import { readScores, type HarnessMetric } from './metrics.js';
import { fromPythonText, parsePythonJson } from './python-json.js';
import { unreadable } from './results.js';

export interface HarnessSamples {
  /** Lines of our own form, in order of documents. */
  lines: string;
  /** sha256 over document, prompt and target of each, as the harness hashed them; undefined where it did not. */
  promptSha256: string | undefined;
}

type Line = Record<string, unknown>;

/**
 * A task's `samples_*.jsonl` in our form. The harness writes a line for each document and filter: they become one. Throws
 * IMPORT_UNREADABLE for a line that cannot be read, lacks a metric or comes twice, and where documents are missing.
 */
export function parseSamples(
  text: string,
  path: string,
  metrics: readonly HarnessMetric[],
  documents: number,
): HarnessSamples {
  const byDocument = new Map<number, { first: Line; filters: Set<unknown>; scores: Record<string, number> }>();
  const rows = text.split('\n');
  if (rows.at(-1) === '') rows.pop();
  for (const [i, row] of rows.entries()) {
    const refuse = (reason: string): never => {
      throw unreadable(path, `line ${i + 1} ${reason}`);
    };
    const line = parseLine(row, refuse);
    const { doc_id: id, filter } = line;
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) return refuse('has no doc_id');
    if (typeof filter !== 'string') return refuse('has no filter');
    const known = byDocument.get(id) ?? { first: line, filters: new Set(), scores: {} };
    if (known.filters.has(filter)) refuse(`is document ${id} a second time`);
    known.filters.add(filter);
    byDocument.set(id, known);
    const names: unknown[] = Array.isArray(line['metrics']) ? line['metrics'] : refuse('has no metrics');
    for (const name of names) if (line[String(name)] === undefined) refuse(`has no ${String(name)}`);
    for (const metric of metrics.filter((each) => each.filter === filter && names.includes(each.name)))
      Object.assign(known.scores, readScores(metric, line[metric.name]));
  }
  const filters = new Set(metrics.map(({ filter }) => filter));
  const whole = [...byDocument.values()].filter((each) => [...filters].every((filter) => each.filters.has(filter)));
  if (byDocument.size > documents)
    throw unreadable(path, `it has ${byDocument.size} documents in place of ${documents}`);
  if (whole.length !== documents) throw unreadable(path, `it holds ${whole.length} of ${documents} documents`);
  const sorted = [...byDocument].sort(([a], [b]) => a - b);
  const lines = sorted.map(([id, { first, scores }]) => `${JSON.stringify(toOwn(id, first, scores))}\n`);
  return { lines: lines.join(''), promptSha256: hashPrompts(sorted.map(([id, { first }]) => [id, first])) };
}

function parseLine(row: string, refuse: (reason: string) => never): Line {
  try {
    const value = parsePythonJson(row);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Line;
  } catch (cause) {
    return refuse(`is not whole JSON (${reasonOf(cause)})`);
  }
  return refuse('is no object');
}

/** What our own samples have beside the harness's fields (sums and weights of losses) is numbers at the top level. */
function toOwn(id: number, line: Line, scores: Record<string, number>): Line {
  // A metric's own name says nothing of its filter; it is among the scores.
  const named = new Set<unknown>(Array.isArray(line['metrics']) ? line['metrics'] : []);
  const extra = Object.entries(line).filter(([key, value]) => typeof value === 'number' && !named.has(key));
  const tokens = line['window_tokens'];
  return {
    doc_id: id,
    resps: mapLeaves(line['resps']),
    ...(tokens === undefined ? {} : { window_tokens: tokens }),
    ...Object.fromEntries(extra.filter(([key]) => key !== 'doc_id')),
    ...scores,
  };
}

/** The harness turns log-probabilities and truth values into texts; generated text stays as it is. */
function mapLeaves(value: unknown): unknown {
  return Array.isArray(value) ? value.map(mapLeaves) : (fromPythonText(value) ?? value);
}

function hashPrompts(lines: readonly [id: number, line: Line][]): string | undefined {
  const hashes = lines.map(([id, { doc_hash, prompt_hash, target_hash }]) => [id, doc_hash, prompt_hash, target_hash]);
  if (hashes.some((each) => each.some((part) => part === undefined))) return undefined;
  return createHash('sha256').update(JSON.stringify(hashes)).digest('hex');
}
