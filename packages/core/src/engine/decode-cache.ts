import type { Decoder } from '../model/decoder.js';
import type { CacheKind } from './decode-graph.js';
import { createPast } from './past.js';
import type { PastArrays } from './past.js';
import type { Feed, Session } from './runtime.js';

/** Tokens that follow `past` others in each of `ids.length` rows from `row` on; all rows have equally many. */
export interface Step {
  row: number;
  ids: readonly Int32Array[];
  past: readonly number[];
}

/** What is kept of the tokens before. */
export interface DecodeCache {
  /** The next token of each row. */
  extend(step: Step): Promise<{ next: BigInt64Array; sum: Float32Array }>;
  /** Row `from` takes the place of row `to`. */
  move(from: number, to: number): void;
}

/** Room for sequences of `room` tokens; only the fixed form takes more than one. */
export function createCache(
  kind: CacheKind,
  session: Session,
  decoder: Decoder,
  rows: number,
  room: number,
): DecodeCache {
  return kind === 'whole' ? new WholeCache(session) : new KeptCache(session, createPast(kind, decoder, rows, room));
}

class KeptCache implements DecodeCache {
  constructor(
    readonly session: Session,
    readonly kept: PastArrays,
  ) {}

  async extend({ row, ids, past }: Step): Promise<{ next: BigInt64Array; sum: Float32Array }> {
    const continued = { row, past, length: ids[0]?.length ?? 0 };
    const results = await this.session.run({ ...stepFeeds(ids, past), ...this.kept.feeds(continued) });
    this.kept.keep(continued, results);
    return { next: results['next']?.data as BigInt64Array, sum: results['sum']?.data as Float32Array };
  }

  move(from: number, to: number): void {
    this.kept.move(from, to);
  }
}

/** One row; every run is fed the whole sequence, because a quantizer's scale is taken over all of it. */
class WholeCache implements DecodeCache {
  #ids: number[] = [];

  constructor(readonly session: Session) {}

  async extend({ ids: [added = new Int32Array(0)], past }: Step): Promise<{ next: BigInt64Array; sum: Float32Array }> {
    this.#ids = [...this.#ids.slice(0, past[0]), ...added];
    const results = await this.session.run(stepFeeds([Int32Array.from(this.#ids)], [0]));
    return { next: results['next']?.data as BigInt64Array, sum: results['sum']?.data as Float32Array };
  }

  move(): void {
    // There is no other row.
  }
}

/** `sources` is the last token of each row. */
function stepFeeds(ids: readonly Int32Array[], past: readonly number[]): Record<string, Feed> {
  const length = ids[0]?.length ?? 0;
  const dims = [ids.length, length];
  const int64 = (values: readonly number[], shape: readonly number[]): Feed => ({
    data: BigInt64Array.from(values, BigInt),
    dims: shape,
  });
  const positions = past.flatMap((before) => Array.from({ length }, (_, i) => before + i));
  const sources = ids.map((_, row) => (row + 1) * length - 1);
  return {
    ids: int64(
      ids.flatMap((row) => [...row]),
      dims,
    ),
    positions: int64(positions, dims),
    sources: int64(sources, [sources.length]),
  };
}
