import type { Decoder } from '../model/decoder.js';
import type { CacheKind } from './decode-graph.js';
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

/** Floats that a token's keys and values take in all blocks. */
export function floatsPerToken({ blocks }: Decoder): number {
  return blocks.reduce((sum, { attention: { kvHeads, headDim } }) => sum + 2 * kvHeads * headDim, 0);
}

/** Room for `rows` sequences of `room` tokens; but in the fixed form there is one row. */
export function createCache(kind: CacheKind, session: Session, decoder: Decoder, rows: number, room: number) {
  if (kind === 'whole') return new WholeCache(session);
  return kind === 'fixed' ? new FixedCache(session, decoder, rows, room) : new JoinedCache(session, decoder, room);
}

/** Keys and values of a block, and floats of one token in either. */
interface BlockArrays {
  block: number;
  kvHeads: number;
  headDim: number;
  key: Float32Array;
  value: Float32Array;
}

const sides = ['key', 'value'] as const;

function makeArrays({ blocks }: Decoder, tokens: number): BlockArrays[] {
  return blocks.map(({ index: block, attention: { kvHeads, headDim } }) => ({
    ...{ block, kvHeads, headDim },
    key: new Float32Array(tokens * kvHeads * headDim),
    value: new Float32Array(tokens * kvHeads * headDim),
  }));
}

/** Arrays that onnxruntime writes in place: what is fed as the past is where the present goes. */
class FixedCache implements DecodeCache {
  readonly #arrays: BlockArrays[];

  constructor(
    readonly session: Session,
    decoder: Decoder,
    rows: number,
    readonly room: number,
  ) {
    this.#arrays = makeArrays(decoder, rows * room);
  }

  async extend({ row, ids, past }: Step): Promise<{ next: BigInt64Array; sum: Float32Array }> {
    const count = ids.length;
    const feeds = stepFeeds(ids, past, true);
    const next = new BigInt64Array(count);
    const sum = new Float32Array(count);
    const into: Record<string, Feed> = { next: { data: next, dims: [count] }, sum: { data: sum, dims: [count] } };
    for (const { block, kvHeads, headDim, ...arrays } of this.#arrays) {
      const size = kvHeads * headDim * this.room;
      for (const side of sides) {
        const data = arrays[side].subarray(row * size, (row + count) * size);
        const feed = { data, dims: [count, kvHeads, this.room, headDim] };
        feeds[`past.${block}.${side}`] = feed;
        into[`present.${block}.${side}`] = feed;
      }
    }
    await this.session.run(feeds, into);
    return { next, sum };
  }

  move(from: number, to: number): void {
    for (const { kvHeads, headDim, ...arrays } of this.#arrays) {
      const size = kvHeads * headDim * this.room;
      for (const side of sides) arrays[side].copyWithin(to * size, from * size, (from + 1) * size);
    }
  }
}

/** One row; keys and values of each run are appended. */
class JoinedCache implements DecodeCache {
  readonly #arrays: BlockArrays[];

  constructor(
    readonly session: Session,
    decoder: Decoder,
    room: number,
  ) {
    this.#arrays = makeArrays(decoder, room);
  }

  async extend({ ids, past }: Step): Promise<{ next: BigInt64Array; sum: Float32Array }> {
    const feeds = stepFeeds(ids, past, true);
    const [before] = past as [number];
    for (const { block, kvHeads, headDim, ...arrays } of this.#arrays)
      for (const side of sides)
        feeds[`past.${block}.${side}`] = {
          data: arrays[side].subarray(0, before * kvHeads * headDim),
          dims: [1, before, kvHeads, headDim],
        };
    const results = await this.session.run(feeds);
    for (const { block, kvHeads, headDim, ...arrays } of this.#arrays)
      for (const side of sides)
        arrays[side].set(results[`present.${block}.${side}`]?.data as Float32Array, before * kvHeads * headDim);
    return { next: results['next']?.data as BigInt64Array, sum: results['sum']?.data as Float32Array };
  }

  move(): void {
    // There is no other row.
  }
}

/** One row; every run is fed the whole sequence, because a quantizer's scale is taken over all of it. */
class WholeCache implements DecodeCache {
  #ids: number[] = [];

  constructor(readonly session: Session) {}

  async extend({ ids: [added = new Int32Array(0)], past }: Step): Promise<{ next: BigInt64Array; sum: Float32Array }> {
    this.#ids = [...this.#ids.slice(0, past[0]), ...added];
    const results = await this.session.run(stepFeeds([Int32Array.from(this.#ids)], [0], false));
    return { next: results['next']?.data as BigInt64Array, sum: results['sum']?.data as Float32Array };
  }

  move(): void {
    // There is no other row.
  }
}

/** `sources` is the last token of each row. */
function stepFeeds(ids: readonly Int32Array[], past: readonly number[], cached: boolean): Record<string, Feed> {
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
    ...(cached && {
      lengths: int64(
        past.map((before) => before + length),
        [past.length],
      ),
    }),
  };
}
