import { allowsSharedPrefixes } from '../draft/operators.js';
import type { Operators } from '../draft/operators.js';
import { LowbitError } from '../errors.js';
import type { Decoder } from '../model/decoder.js';
import type { Pack, PackScores, TokenScorer } from '../scoring/token-scorer.js';
import type { ExecutedProduct } from './executed-product.js';
import { bodyGraph, headGraph } from './graphs.js';
import type { AttentionLowering } from './lower/scope.js';
import { StoredParameters } from './parameters.js';
import type { TensorSource } from './parameters.js';
import { openSession } from './runtime.js';
import type { Device, Feed, Session } from './runtime.js';

export interface ModelOptions {
  device: Device;
  lowering?: AttentionLowering | undefined;
  operators?: Operators | undefined;
  /** Linears that are executed from their codes, by weight. */
  products?: ReadonlyMap<string, ExecutedProduct> | undefined;
  /** Longest sequence that will be scored. */
  maxLength: number;
}

/** Tokens that go through the body in one run: enough to fill the multiply units, few enough to stay in cache. */
const batchTokens = 2048;
/** Rows of logits held at a time: 128 x 49,152 floats are 25 MB. */
const headRows = 128;

/**
 * A model resident in memory as a body session (plain or packed, each opened at first use) and a head session. Final
 * hidden states leave the body, logits never leave the head.
 */
export class ResidentModel implements TokenScorer {
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly sharesPrefixes: boolean;
  readonly #bodies = new Map<boolean, Promise<Session>>();
  #head: Promise<Session> | undefined;

  constructor(
    readonly decoder: Decoder,
    readonly sources: ReadonlyMap<string, TensorSource>,
    readonly options: ModelOptions,
  ) {
    this.vocabSize = decoder.vocabSize;
    this.contextLength = decoder.contextLength;
    this.sharesPrefixes = allowsSharedPrefixes(options.operators ?? new Map());
  }

  async scoreSequences(sequences: Int32Array[], progress?: (tokens: number) => void): Promise<Float32Array[]> {
    this.#checkLengths(sequences.map(({ length }) => ({ length: length - 1 })));
    const results: Float32Array[] = sequences.map(() => new Float32Array(0));
    for (const batch of batchByLength(sequences)) {
      const { nll } = await this.#score(plainFeeds(batch.map((i) => sequences[i] as Int32Array)), false);
      const each = nll.length / batch.length;
      for (const [row, i] of batch.entries()) results[i] = nll.slice(row * each, (row + 1) * each);
      progress?.(batch.length * each);
    }
    return results;
  }

  async scorePacks(packs: Pack[], progress?: (tokens: number) => void): Promise<PackScores[]> {
    this.#checkLengths(packs.map(({ positions }) => ({ length: 1 + positions.reduce((a, b) => Math.max(a, b), 0) })));
    const results: PackScores[] = [];
    for (const pack of packs) {
      results.push(await this.#score(packedFeeds(pack), true));
      progress?.(pack.ids.length);
    }
    return results;
  }

  #checkLengths(sequences: readonly { length: number }[]): void {
    const { maxLength } = this.options;
    const longest = sequences.reduce((most, { length }) => Math.max(most, length), 0);
    if (longest > maxLength)
      throw new LowbitError(
        'TOKEN_IDS',
        `Expected sequences of at most ${maxLength} tokens, got one of ${longest}; cut it, or choose a smaller window.`,
      );
  }

  async release(): Promise<void> {
    for (const session of [...this.#bodies.values(), this.#head]) await (await session)?.release();
    this.#bodies.clear();
    this.#head = undefined;
  }

  async #score({ feeds, targets }: ScoreFeeds, packed: boolean): Promise<PackScores> {
    const { hidden } = await (await this.#body(packed)).run(feeds);
    const head = await this.#headSession();
    const n = targets.length;
    const width = (hidden?.dims[1] as number) ?? 0;
    const states = hidden?.data as Float32Array;
    const scores: PackScores = { nll: new Float32Array(n), greedy: new Uint8Array(n) };
    for (let start = 0; start < n; start += headRows) {
      const end = Math.min(n, start + headRows);
      const rows = { data: states.subarray(start * width, end * width), dims: [end - start, width] };
      const result = await head.run({
        hidden: rows,
        targets: { data: targets.subarray(start, end), dims: [end - start] },
      });
      scores.nll.set(result['nll']?.data as Float32Array, start);
      scores.greedy.set(result['greedy']?.data as Uint8Array, start);
    }
    return scores;
  }

  #body(packed: boolean): Promise<Session> {
    let session = this.#bodies.get(packed);
    if (session === undefined) {
      const { device, lowering = 'auto', operators = new Map(), products, maxLength } = this.options;
      const parameters = new StoredParameters(this.sources, products);
      session = openSession(bodyGraph(this.decoder, { parameters, operators, lowering, packed, maxLength }), device);
      this.#bodies.set(packed, session);
    }
    return session;
  }

  #headSession(): Promise<Session> {
    this.#head ??= openSession(headGraph(this.decoder, new StoredParameters(this.sources)), this.options.device);
    return this.#head;
  }
}

interface ScoreFeeds {
  feeds: Record<string, Feed>;
  targets: BigInt64Array;
}

/** Equal-length sequences; every token but the last of each is fed, its successor the target. The last may lie beyond the context. */
function plainFeeds(sequences: Int32Array[]): ScoreFeeds {
  const batch = sequences.length;
  const length = (sequences[0]?.length ?? 1) - 1;
  const fill = (count: number, value: (row: number, i: number) => number): BigInt64Array => {
    const data = new BigInt64Array(batch * count);
    for (let row = 0; row < batch; row++) for (let i = 0; i < count; i++) data[row * count + i] = BigInt(value(row, i));
    return data;
  };
  const id = (row: number, i: number): number => (sequences[row] as Int32Array)[i] as number;
  const dims = [batch, length];
  const sources = fill(length, (row, i) => row * length + i);
  return {
    feeds: {
      ids: { data: fill(length, id), dims },
      positions: { data: fill(length, (_, i) => i), dims },
      sources: { data: sources, dims: [sources.length] },
    },
    targets: fill(length, (row, i) => id(row, i + 1)),
  };
}

function packedFeeds({ ids, positions, ends, sources, targets }: Pack): ScoreFeeds {
  const row = (values: Int32Array): Feed => ({ data: BigInt64Array.from(values, BigInt), dims: [1, values.length] });
  return {
    feeds: {
      ids: row(ids),
      positions: row(positions),
      ends: row(ends),
      sources: { data: BigInt64Array.from(sources, BigInt), dims: [sources.length] },
    },
    targets: BigInt64Array.from(targets, BigInt),
  };
}

/** Indices of sequences of equal length, as many together as fit; those with nothing to predict are left out. */
function* batchByLength(sequences: Int32Array[]): Generator<number[]> {
  const byLength = new Map<number, number[]>();
  for (const [i, { length }] of sequences.entries())
    if (length > 1) byLength.set(length, [...(byLength.get(length) ?? []), i]);
  for (const [length, indices] of byLength) {
    const size = Math.max(1, Math.floor(batchTokens / length));
    for (let start = 0; start < indices.length; start += size) yield indices.slice(start, start + size);
  }
}
