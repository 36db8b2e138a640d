import { allowsSharedPrefixes } from '../draft/operators.js';
import type { Operators } from '../draft/operators.js';
import { LowbitError } from '../errors.js';
import type { Decoder } from '../model/decoder.js';
import type {
  Divergence,
  GeneratedTokens,
  GenerateOptions,
  ReferenceHead,
  Pack,
  PackScores,
  SequenceOptions,
  TokenScorer,
} from '../scoring/token-scorer.js';
import { cacheKindOf, decodeGreedily } from './decode.js';
import { decodeGraph } from './decode-graph.js';
import { distanceGraph } from './distance-graph.js';
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
  /** Body and head in one, with a cache of keys and values. */
  #decoding: Promise<Session> | undefined;
  /** The head beside another model's. */
  #distance: { to: ReferenceHead; session: Promise<Session> } | undefined;

  constructor(
    readonly decoder: Decoder,
    readonly sources: ReadonlyMap<string, TensorSource>,
    readonly options: ModelOptions,
  ) {
    this.vocabSize = decoder.vocabSize;
    this.contextLength = decoder.contextLength;
    this.sharesPrefixes = allowsSharedPrefixes(options.operators ?? new Map());
  }

  async scoreSequences(
    sequences: Int32Array[],
    progress?: (tokens: number) => void,
    { scoredFrom = [], keep, compare }: SequenceOptions = {},
  ): Promise<Float32Array[]> {
    this.#checkLengths(sequences.map(({ length }) => ({ length: length - 1 })));
    const results: Float32Array[] = sequences.map(() => new Float32Array(0));
    for (const batch of batchByLength(sequences)) {
      const members = batch.map((i) => ({ ids: sequences[i] as Int32Array, from: scoredFrom[i] ?? 1 }));
      const { feeds, targets } = plainFeeds(members);
      const states = await this.#states(feeds, false);
      const counts = members.map(({ ids, from }) => ids.length - from);
      const rows = cutRows(counts);
      for (const [at, i] of batch.entries()) await keep?.(i, statesOf(states, rows[at] as Rows));
      const other = compare && (await joinStates(batch, compare.states, targets.length));
      const { nll, divergence } = await this.#applyHead(
        states,
        targets,
        compare && other && { to: compare.head, other },
      );
      for (const [at, i] of batch.entries()) {
        const { begin, end } = rows[at] as Rows;
        results[i] = nll.slice(begin, end);
        if (divergence)
          compare?.found(i, {
            kl: divergence.kl.slice(begin, end),
            agrees: divergence.agrees.slice(begin, end),
          });
      }
      progress?.(members.reduce((sum, { ids }) => sum + ids.length - 1, 0));
    }
    return results;
  }

  async scorePacks(packs: Pack[], progress?: (tokens: number) => void): Promise<PackScores[]> {
    this.#checkLengths(packs.map(({ positions }) => ({ length: 1 + positions.reduce((a, b) => Math.max(a, b), 0) })));
    const results: PackScores[] = [];
    for (const pack of packs) {
      const { feeds, targets } = packedFeeds(pack);
      const { nll, greedy } = await this.#applyHead(await this.#states(feeds, true), targets);
      results.push({ nll, greedy });
      progress?.(pack.ids.length);
    }
    return results;
  }

  async generate(prompts: readonly Int32Array[], options: GenerateOptions): Promise<GeneratedTokens[]> {
    this.#checkLengths(prompts.map(({ length }) => ({ length: length + options.maxTokens })));
    const { device, lowering = 'auto', operators = new Map(), products, maxLength } = this.options;
    const kind = cacheKindOf(this.decoder, { operators, lowering });
    const parameters = new StoredParameters(this.sources, products);
    this.#decoding ??= openSession(
      decodeGraph(this.decoder, { parameters, operators, lowering, maxLength }, kind),
      device,
    );
    return decodeGreedily(prompts, options, { decoder: this.decoder, session: await this.#decoding, kind });
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
    for (const session of [...this.#bodies.values(), this.#head, this.#decoding, this.#distance?.session])
      await (await session)?.release();
    this.#bodies.clear();
    this.#head = undefined;
    this.#decoding = undefined;
    this.#distance = undefined;
  }

  async #states(feeds: Record<string, Feed>, packed: boolean): Promise<States> {
    const { hidden } = await (await this.#body(packed)).run(feeds);
    return { data: hidden?.data as Float32Array, width: (hidden?.dims[1] as number) ?? 0 };
  }

  async #applyHead(
    states: States,
    targets: BigInt64Array,
    comparison?: { to: ReferenceHead; other: States },
  ): Promise<PackScores & { divergence: Divergence | undefined }> {
    const head = await (comparison ? this.#distanceSession(comparison.to) : this.#headSession());
    const n = targets.length;
    const scores = { nll: new Float32Array(n), greedy: new Uint8Array(n) };
    const divergence = comparison && { kl: new Float32Array(n), agrees: new Uint8Array(n) };
    for (let begin = 0; begin < n; begin += headRows) {
      const rows = { begin, end: Math.min(n, begin + headRows) };
      const dims = [rows.end - begin];
      const result = await head.run({
        hidden: feedRows(states, rows),
        targets: { data: targets.subarray(begin, rows.end), dims },
        ...(comparison && { reference: feedRows(comparison.other, rows) }),
      });
      scores.nll.set(result['nll']?.data as Float32Array, begin);
      scores.greedy.set(result['greedy']?.data as Uint8Array, begin);
      divergence?.kl.set(result['kl']?.data as Float32Array, begin);
      divergence?.agrees.set(result['agrees']?.data as Uint8Array, begin);
    }
    return { ...scores, divergence };
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

  #distanceSession(to: ReferenceHead): Promise<Session> {
    const { decoder, sources } = this;
    if (this.#distance?.to !== to) {
      const own = { decoder, parameters: new StoredParameters(sources) };
      const reference = { decoder: to.decoder, parameters: new StoredParameters(to.sources, new Map(), 'reference.') };
      const former = this.#distance?.session;
      const session = openSession(distanceGraph(own, reference), this.options.device);
      this.#distance = { to, session: former ? former.then((each) => each.release()).then(() => session) : session };
    }
    return this.#distance.session;
  }

  #headSession(): Promise<Session> {
    this.#head ??= openSession(headGraph(this.decoder, new StoredParameters(this.sources)), this.options.device);
    return this.#head;
  }
}

/** Final hidden states, float32 `[n, width]`. */
interface States {
  data: Float32Array;
  width: number;
}

interface Rows {
  begin: number;
  end: number;
}

function statesOf({ data, width }: States, { begin, end }: Rows): Float32Array {
  return data.subarray(begin * width, end * width);
}

function feedRows(states: States, rows: Rows): Feed {
  return { data: statesOf(states, rows), dims: [rows.end - rows.begin, states.width] };
}

function cutRows(counts: readonly number[]): Rows[] {
  let end = 0;
  return counts.map((count) => ({ begin: end, end: (end += count) }));
}

/** Another model's states of a batch, one sequence after the other; `n` rows in all. */
async function joinStates(
  batch: readonly number[],
  read: (sequence: number) => Promise<Float32Array>,
  n: number,
): Promise<States> {
  const parts: Float32Array[] = [];
  for (const sequence of batch) parts.push(await read(sequence));
  const data = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { data, width: data.length / n };
}

interface ScoreFeeds {
  feeds: Record<string, Feed>;
  targets: BigInt64Array;
}

/**
 * Sequences of equal length; every token but the last of each is fed, those from `from` on are targets. The last may lie
 * beyond the context.
 */
function plainFeeds(sequences: readonly { ids: Int32Array; from: number }[]): ScoreFeeds {
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
