import type { Pack } from '../scoring/token-scorer.js';
import type { Feed } from './runtime.js';

/** A sequence of so many tokens goes alone, and its attention in parts: eight are the fastest of 1 to 32. */
const longTokens = 512;
export const longParts = 8;

/** Inputs of a body and the targets of its head. */
export interface ScoreFeeds {
  feeds: Record<string, Feed>;
  targets: BigInt64Array;
}

/**
 * Sequences of equal length; every token but the last of each is fed, those from `from` on are targets. The last may lie
 * beyond the context.
 */
export function plainFeeds(sequences: readonly { ids: Int32Array; from: number }[]): ScoreFeeds {
  const length = (sequences[0]?.ids.length ?? 1) - 1;
  const fed = sequences.flatMap(({ ids }) => [...ids.subarray(0, length)]);
  const sources = sequences.flatMap(({ from }, row) =>
    Array.from({ length: length + 1 - from }, (_, i) => row * length + from - 1 + i),
  );
  const dims = [sequences.length, length];
  return {
    feeds: {
      ids: { data: BigInt64Array.from(fed, BigInt), dims },
      positions: { data: BigInt64Array.from(fed, (_, i) => BigInt(i % length)), dims },
      sources: { data: BigInt64Array.from(sources, BigInt), dims: [sources.length] },
    },
    targets: BigInt64Array.from(
      sequences.flatMap(({ ids, from }) => [...ids.subarray(from)]),
      BigInt,
    ),
  };
}

/** After `past` tokens of a trunk, which all see. */
export function packedFeeds(
  { ids, positions, ends, rows, sources, targets }: Omit<Pack, 'trunk'>,
  past = 0,
): ScoreFeeds {
  const int64 = (values: Int32Array, dims: readonly number[]): Feed => ({
    data: BigInt64Array.from(values, BigInt),
    dims,
  });
  const count = rows.length - 1;
  const length = rows.subarray(1).reduce((most, end, row) => Math.max(most, end - (rows[row] as number)), 0);
  const slots = new Int32Array(count * length);
  const rowEnds = new Int32Array(count * (past + length));
  const places = new Int32Array(ids.length);
  for (let row = 0; row < count; row++) {
    const [start, end] = [rows[row] as number, rows[row + 1] as number];
    rowEnds.fill(past + length, row * (past + length), row * (past + length) + past);
    for (let token = start; token < end; token++) {
      const place = row * length + token - start;
      slots[place] = token;
      places[token] = place;
      rowEnds[row * (past + length) + past + token - start] = past + (ends[token] as number) - start;
    }
  }
  return {
    feeds: {
      ids: int64(ids, [1, ids.length]),
      positions: int64(positions, [1, ids.length]),
      slots: int64(slots, [count, length]),
      ends: int64(rowEnds, [count, past + length]),
      places: int64(places, [ids.length]),
      sources: int64(sources, [sources.length]),
    },
    targets: BigInt64Array.from(targets, BigInt),
  };
}

/** Whether a sequence of so many fed tokens goes alone, its attention in parts. */
export function isLong(tokens: number): boolean {
  return tokens >= longTokens;
}

/** Indices of sequences of equal length, as many together as have `batchTokens` tokens; those with nothing to predict are left out. */
export function* batchByLength(sequences: Int32Array[], batchTokens: number): Generator<number[]> {
  const byLength = new Map<number, number[]>();
  for (const [i, { length }] of sequences.entries())
    if (length > 1) byLength.set(length, [...(byLength.get(length) ?? []), i]);
  for (const [length, indices] of byLength) {
    const size = isLong(length - 1) ? 1 : Math.max(1, Math.floor(batchTokens / length));
    for (let start = 0; start < indices.length; start += size) yield indices.slice(start, start + size);
  }
}
