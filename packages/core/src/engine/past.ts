import type { Decoder } from '../model/decoder.js';
import type { Graph } from '../onnx/graph.js';
import type { Past } from './lower/scope.js';
import type { Feed, Fetched } from './runtime.js';

/**
 * How tokens before are known to a run: `fixed`, by keys and values in arrays with room beyond them, as the fused operator takes
 * them, several rows of unlike lengths together; `joined`, by those of one row.
 */
export type PastKind = 'fixed' | 'joined';

/**
 * Inputs `lengths`, int64 `[batch]`, and `past.<block>.key` and `.value`; outputs `present.<block>.key` and `.value`, those of
 * the run's tokens alone.
 */
export function declarePast(graph: Graph, { blocks }: Decoder, kind: PastKind): Past {
  const dims = (block: number, tokens: string): (number | string)[] => {
    const { kvHeads = 0, headDim = 0 } = blocks[block]?.attention ?? {};
    return kind === 'fixed' ? ['batch', kvHeads, tokens, headDim] : ['batch', tokens, kvHeads, headDim];
  };
  const before = kind === 'fixed' ? 'room' : 'past';
  return {
    lengths: graph.input('lengths', 'int64', ['batch']),
    read: (block) => ({
      key: graph.input(`past.${block}.key`, 'float32', dims(block, before)),
      value: graph.input(`past.${block}.value`, 'float32', dims(block, before)),
    }),
    write(block, key, value) {
      for (const [side, x] of Object.entries({ key, value })) {
        const kept = kind === 'fixed' ? graph.node('Transpose', [x], { perm: [0, 2, 1, 3] }) : x;
        graph.output(kept, `present.${block}.${side}`, 'float32', dims(block, 'sequence'));
      }
    },
  };
}

/** Which rows a run continues: from `row` on, each after `past` tokens, all by `length`. */
export interface Continued {
  row: number;
  past: readonly number[];
  length: number;
}

/** Keys and values of the tokens before. */
export interface PastArrays {
  /** What a graph is fed of them. */
  feeds(continued: Continued): Record<string, Feed>;
  /** Keeps those that a run gave. */
  keep(continued: Continued, results: Record<string, Fetched>): void;
  /** Row `from` takes the place of row `to`. */
  move(from: number, to: number): void;
}

/** Floats that a token's keys and values take in all blocks. */
export function floatsPerToken({ blocks }: Decoder): number {
  return blocks.reduce((sum, { attention: { kvHeads, headDim } }) => sum + 2 * kvHeads * headDim, 0);
}

/** Arrays for `rows` sequences of at most `room` tokens; only the fixed form takes more than one. */
export function createPast(kind: PastKind, decoder: Decoder, rows: number, room: number): PastArrays {
  return kind === 'fixed' ? new FixedPast(decoder, rows) : new JoinedPast(decoder, room);
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

function lengthsFeed({ past, length }: Continued): Feed {
  return { data: BigInt64Array.from(past, (before) => BigInt(before + length)), dims: [past.length] };
}

/** Room is added in steps of so many tokens: the fused operator copies all that it is given. */
const roomStep = 128;

/** Arrays `[rows, kvHeads, room, headDim]`, as large as the longest row needs. */
class FixedPast implements PastArrays {
  #arrays: BlockArrays[];
  #room = 0;

  constructor(
    readonly decoder: Decoder,
    readonly rows: number,
  ) {
    this.#arrays = makeArrays(decoder, 0);
  }

  feeds(continued: Continued): Record<string, Feed> {
    const { row, past } = continued;
    const count = past.length;
    const feeds: Record<string, Feed> = { lengths: lengthsFeed(continued) };
    for (const { block, kvHeads, headDim, ...arrays } of this.#arrays) {
      const size = kvHeads * headDim * this.#room;
      for (const side of sides) {
        const data = arrays[side].subarray(row * size, (row + count) * size);
        feeds[`past.${block}.${side}`] = { data, dims: [count, kvHeads, this.#room, headDim] };
      }
    }
    return feeds;
  }

  keep({ row, past, length }: Continued, results: Record<string, Fetched>): void {
    this.#reserve(Math.max(...past) + length);
    for (const { block, kvHeads, headDim, ...arrays } of this.#arrays)
      for (const side of sides) {
        const found = results[`present.${block}.${side}`]?.data as Float32Array;
        // A piece is a head of a row.
        for (let piece = 0; piece < past.length * kvHeads; piece++) {
          const before = past[Math.floor(piece / kvHeads)] as number;
          const place = (row * kvHeads + piece) * this.#room + before;
          arrays[side].set(found.subarray(piece * length * headDim, (piece + 1) * length * headDim), place * headDim);
        }
      }
  }

  move(from: number, to: number): void {
    for (const { kvHeads, headDim, ...arrays } of this.#arrays) {
      const size = kvHeads * headDim * this.#room;
      for (const side of sides) arrays[side].copyWithin(to * size, from * size, (from + 1) * size);
    }
  }

  #reserve(tokens: number): void {
    if (tokens <= this.#room) return;
    const room = Math.ceil(tokens / roomStep) * roomStep;
    const grown = makeArrays(this.decoder, this.rows * room);
    for (const [i, { kvHeads, headDim, ...to }] of grown.entries())
      for (const side of sides) {
        const from = this.#arrays[i]?.[side] as Float32Array;
        const size = this.#room * headDim;
        for (let piece = 0; piece < this.rows * kvHeads; piece++)
          to[side].set(from.subarray(piece * size, (piece + 1) * size), piece * room * headDim);
      }
    this.#arrays = grown;
    this.#room = room;
  }
}

/** One row; keys and values of each run are appended. */
class JoinedPast implements PastArrays {
  readonly #arrays: BlockArrays[];

  constructor(decoder: Decoder, room: number) {
    this.#arrays = makeArrays(decoder, room);
  }

  feeds(continued: Continued): Record<string, Feed> {
    const [before] = continued.past as [number];
    const feeds: Record<string, Feed> = { lengths: lengthsFeed(continued) };
    for (const { block, kvHeads, headDim, ...arrays } of this.#arrays)
      for (const side of sides) {
        const data = arrays[side].subarray(0, before * kvHeads * headDim);
        feeds[`past.${block}.${side}`] = { data, dims: [1, before, kvHeads, headDim] };
      }
    return feeds;
  }

  keep({ past }: Continued, results: Record<string, Fetched>): void {
    const [before] = past as [number];
    for (const { block, kvHeads, headDim, ...arrays } of this.#arrays)
      for (const side of sides)
        arrays[side].set(results[`present.${block}.${side}`]?.data as Float32Array, before * kvHeads * headDim);
  }

  move(): void {
    // There is no other row.
  }
}
