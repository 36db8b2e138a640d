import { findObstacle } from '../statistics/compare-cells.js';
import type { CellResult, Manifest, Row, TaskRecord } from '../store/types.js';

/** Why no figure of a task may be compared between two runs; undefined where they may. */
export function findTaskObstacle(before: Manifest, after: Manifest, task: string): string | undefined {
  const [a, b] = [before, after].map(({ tasks }) => tasks.find(({ name }) => name === task));
  if (!a || !b) return undefined;
  if (a.version !== b.version) return `task versions differ (${a.version}, ${b.version})`;
  const differing = (['limit', 'fewShot', 'chatTemplate'] as const).find((name) => a[name] !== b[name]);
  if (differing === 'limit') return `limits differ (${a.limit ?? 'none'}, ${b.limit ?? 'none'})`;
  if (differing === 'fewShot') return `numbers of worked examples differ (${a.fewShot ?? 0}, ${b.fewShot ?? 0})`;
  if (differing === 'chatTemplate') return 'chat templates are not used alike';
  const path = findOtherFile(a, b);
  return path === undefined ? undefined : `${path} is another file`;
}

function findOtherFile(a: TaskRecord, b: TaskRecord): string | undefined {
  const hashes = new Map((a.files ?? []).map(({ path, sha256 }) => [path, sha256]));
  return (b.files ?? []).find(({ path, sha256 }) => hashes.get(path) !== sha256 && hashes.has(path))?.path;
}

/** The same of one figure, from the rows and counts of its cells. */
export function findRowObstacle(
  before: { row: Row; cell: CellResult },
  after: { row: Row; cell: CellResult },
): string | undefined {
  const observations = { values: [], weights: [], documents: [] };
  const [a, b] = [before, after].map(({ row, cell: { counts } }) => ({
    ...{ protocol: row.protocol ?? undefined, counts, observations },
  }));
  return a && b && findObstacle(a, b);
}
