import type { Decoder } from '../model/decoder.js';
import type { Graph } from '../onnx/graph.js';
import type { Past } from './lower/scope.js';
import type { Feed, Session } from './runtime.js';

/**
 * Where keys and values of the tokens before lie: `fixed`, in arrays with room for all that will come, which the fused operator
 * writes in place; `joined`, those before go in and those of the run come out.
 */
export type PastKind = 'fixed' | 'joined';

/** Inputs `lengths`, int64 `[batch]`, and `past.<block>.key` and `.value`; outputs `present.<block>.key` and `.value`. */
export function declarePast(graph: Graph, { blocks }: Decoder, cache: PastKind): Past {
  const dims = (block: number, tokens: string): (number | string)[] => {
    const { kvHeads = 0, headDim = 0 } = blocks[block]?.attention ?? {};
    return cache === 'fixed' ? ['batch', kvHeads, 'room', headDim] : ['batch', tokens, kvHeads, headDim];
  };
  return {
    lengths: graph.input('lengths', 'int64', ['batch']),
    read: (block) => ({
      key: graph.input(`past.${block}.key`, 'float32', dims(block, 'past')),
      value: graph.input(`past.${block}.value`, 'float32', dims(block, 'past')),
    }),
    write(block, key, value) {
      graph.output(key, `present.${block}.key`, 'float32', dims(block, 'sequence'));
      graph.output(value, `present.${block}.value`, 'float32', dims(block, 'sequence'));
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
  /** Runs a graph with them and keeps those of its tokens; `outputs` takes what else it gives. */
  run(
    session: Session,
    feeds: Record<string, Feed>,
    continued: Continued,
    outputs: Record<string, { data: Float32Array | BigInt64Array; dims: readonly number[] }>,
  ): Promise<void>;
  /** Row `from` takes the place of row `to`. */
  move(from: number, to: number): void;
}

/** Floats that a token's keys and values take in all blocks. */
export function floatsPerToken({ blocks }: Decoder): number {
  return blocks.reduce((sum, { attention: { kvHeads, headDim } }) => sum + 2 * kvHeads * headDim, 0);
}

/** Room for sequences of `room` tokens; only the fixed form takes more than one. */
export function createPast(kind: PastKind, decoder: Decoder, rows: number, room: number): PastArrays {
  return kind === 'fixed' ? new FixedPast(decoder, rows, room) : new JoinedPast(decoder, room);
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

/** Arrays that onnxruntime writes in place: what is fed as the past is where the present goes. */
class FixedPast implements PastArrays {
  readonly #arrays: BlockArrays[];

  constructor(
    decoder: Decoder,
    rows: number,
    readonly room: number,
  ) {
    this.#arrays = makeArrays(decoder, rows * room);
  }

  async run(
    session: Session,
    feeds: Record<string, Feed>,
    continued: Continued,
    outputs: Record<string, Feed>,
  ): Promise<void> {
    const { row, past } = continued;
    const count = past.length;
    const read: Record<string, Feed> = {};
    const written: Record<string, Feed> = {};
    for (const { block, kvHeads, headDim, ...arrays } of this.#arrays) {
      const size = kvHeads * headDim * this.room;
      for (const side of sides) {
        const data = arrays[side].subarray(row * size, (row + count) * size);
        const feed = { data, dims: [count, kvHeads, this.room, headDim] };
        read[`past.${block}.${side}`] = feed;
        written[`present.${block}.${side}`] = feed;
      }
    }
    await session.run({ ...feeds, lengths: lengthsFeed(continued), ...read }, { ...outputs, ...written });
  }

  move(from: number, to: number): void {
    for (const { kvHeads, headDim, ...arrays } of this.#arrays) {
      const size = kvHeads * headDim * this.room;
      for (const side of sides) arrays[side].copyWithin(to * size, from * size, (from + 1) * size);
    }
  }
}

/** One row; keys and values of each run are appended. */
class JoinedPast implements PastArrays {
  readonly #arrays: BlockArrays[];

  constructor(decoder: Decoder, room: number) {
    this.#arrays = makeArrays(decoder, room);
  }

  async run(
    session: Session,
    feeds: Record<string, Feed>,
    continued: Continued,
    outputs: Record<string, Feed>,
  ): Promise<void> {
    const [before] = continued.past as [number];
    const read: Record<string, Feed> = {};
    const written: Record<string, Feed> = {};
    for (const { block, kvHeads, headDim, ...arrays } of this.#arrays) {
      const size = kvHeads * headDim;
      const end = before + continued.length;
      for (const side of sides) {
        read[`past.${block}.${side}`] = {
          data: arrays[side].subarray(0, before * size),
          dims: [1, before, kvHeads, headDim],
        };
        written[`present.${block}.${side}`] = {
          data: arrays[side].subarray(before * size, end * size),
          dims: [1, continued.length, kvHeads, headDim],
        };
      }
    }
    await session.run({ ...feeds, lengths: lengthsFeed(continued), ...read }, { ...outputs, ...written });
  }

  move(): void {
    // There is no other row.
  }
}
