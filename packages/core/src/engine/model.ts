import { allowsSharedPrefixes } from '../draft/operators.js';
import type { Operators } from '../draft/operators.js';
import { LowbitError } from '../errors.js';
import { blockLinears } from '../model/decoder.js';
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
import type { CacheKind } from './decode-graph.js';
import { availableMemory, sizeBatches } from './batch-size.js';
import { distanceGraph } from './distance-graph.js';
import type { ExecutedProduct } from './executed-product.js';
import { batchByLength, isLong, longParts, packedFeeds, plainFeeds } from './feeds.js';
import { bodyGraph, headGraph } from './graphs.js';
import type { AttentionLowering } from './lower/scope.js';
import { StoredParameters } from './parameters.js';
import { createPast } from './past.js';
import type { PastKind } from './past.js';
import { cutRows, feedRows, joinStates, statesOf } from './states.js';
import type { Rows, States } from './states.js';
import { Trunk } from './trunk.js';
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

/**
 * A model resident in memory as a body session (plain or packed, each opened at first use) and a head session. Final
 * hidden states leave the body, logits never leave the head.
 */
export class ResidentModel implements TokenScorer {
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly sharesPrefixes: boolean;
  readonly batchTokens: number;
  readonly #headRows: number;
  readonly #bodies = new Map<BodyKind, Promise<Session>>();
  #trunk: Trunk | undefined;
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
    ({ tokens: this.batchTokens, rows: this.#headRows } = sizeBatches(decoder));
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
    for (const batch of batchByLength(sequences, this.batchTokens)) {
      const members = batch.map((i) => ({ ids: sequences[i] as Int32Array, from: scoredFrom[i] ?? 1 }));
      const { feeds, targets } = plainFeeds(members);
      const states = await this.#states(feeds, this.#plainKind(members));
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
      const trunk = pack.trunk && (await this.#trunkOf(pack.trunk, progress));
      const { feeds, targets } = packedFeeds(pack, trunk?.ids.length);
      const states = trunk ? await trunk.states(feeds, pack, this.#width) : await this.#states(feeds, 'packed');
      const { nll, greedy } = await this.#applyHead(states, targets);
      results.push({ nll, greedy });
      progress?.(pack.ids.length);
    }
    this.#trunk = undefined;
    return results;
  }

  async generate(prompts: readonly Int32Array[], options: GenerateOptions): Promise<GeneratedTokens[]> {
    this.#checkLengths(prompts.map(({ length }) => ({ length: length + options.maxTokens })));
    const { device, lowering = 'auto', operators = new Map(), products, maxLength } = this.options;
    const kind = this.#cacheKind();
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

  /** The pack's trunk, kept from the pack before or grown. */
  async #trunkOf(ids: Int32Array, progress?: (tokens: number) => void): Promise<Trunk> {
    if (this.#trunk?.ids === ids) return this.#trunk;
    const past = createPast(this.#pastKind(), this.decoder, 1, ids.length);
    this.#trunk = new Trunk(ids, past, await this.#body('continued'));
    await this.#trunk.grow();
    progress?.(ids.length);
    return this.#trunk;
  }

  /** Of final hidden states. */
  get #width(): number {
    const { weight } = this.decoder.head;
    return (weight.transposed ? weight.shape[0] : weight.shape[1]) as number;
  }

  /** A batch of plain sequences, or a long one; only the fused operator is cut. */
  #plainKind([first]: readonly { ids: Int32Array }[]): BodyKind {
    return this.#cacheKind() === 'fixed' && isLong((first?.ids.length ?? 1) - 1) ? 'long' : 'plain';
  }

  /** Of a trunk; a model that is decoded from whole sequences shares no prefixes. */
  #pastKind(): PastKind {
    return this.#cacheKind() === 'fixed' ? 'fixed' : 'joined';
  }

  #cacheKind(): CacheKind {
    const { lowering = 'auto', operators = new Map() } = this.options;
    return cacheKindOf(this.decoder, { operators, lowering });
  }

  async #states(feeds: Record<string, Feed>, kind: BodyKind): Promise<States> {
    const { hidden } = await (await this.#body(kind)).run(feeds);
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
    for (let begin = 0; begin < n; begin += this.#headRows) {
      const rows = { begin, end: Math.min(n, begin + this.#headRows) };
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

  #body(kind: BodyKind): Promise<Session> {
    let session = this.#bodies.get(kind);
    if (session === undefined) {
      session = this.#openBody(kind);
      this.#bodies.set(kind, session);
    }
    return session;
  }

  /** Each body holds the weights once more: where memory is short, the others go first. */
  async #openBody(kind: BodyKind): Promise<Session> {
    if (availableMemory() < 2 * this.#linearBytes()) {
      const others = [...this.#bodies].filter(([other]) => other !== kind);
      for (const [other] of others) this.#bodies.delete(other);
      for (const [, session] of others) await (await session).release();
    }
    const { device, lowering = 'auto', operators = new Map(), products, maxLength } = this.options;
    const parameters = new StoredParameters(this.sources, products);
    const continues = kind === 'continued' ? this.#pastKind() : undefined;
    const parts = kind === 'long' ? longParts : undefined;
    const own = {
      parameters,
      operators,
      maxLength,
      parts,
      packed: kind === 'packed' || kind === 'continued',
      continues,
    };
    // Where keys are joined, those of all blocks are: the fused operator would take them in another order.
    const options = { ...own, lowering: continues === 'joined' ? 'general' : lowering } as const;
    return openSession(bodyGraph(this.decoder, options), device);
  }

  #linearBytes(): number {
    return 4 * this.decoder.blocks.flatMap(blockLinears).reduce((sum, { rows, cols }) => sum + rows * cols, 0);
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

/** Plain sequences, one long sequence, packed trees, or packed trees that continue a trunk. */
type BodyKind = 'plain' | 'long' | 'packed' | 'continued';
