import { blockSites } from '../draft/operators.js';
import type { Operators, Site } from '../draft/operators.js';
import type { BlockModule } from '../method.js';
import type { Block, Decoder, TensorView } from '../model/decoder.js';
import { blockLinears } from '../model/decoder.js';
import { blockTensors, embeddingTensors, endTensors } from '../model/read-decoder.js';
import { blockGraph, embeddingGraph, endGraph, moduleGraph, observedWidths } from './graphs.js';
import type { GraphOptions } from './graphs.js';
import { FedParameters, StoredParameters } from './parameters.js';
import type { TensorSource } from './parameters.js';
import { openSession } from './runtime.js';
import type { Device, Feed, Session } from './runtime.js';

/** A parameter's float32 value in its stored shape. */
export type ReadParameter = (view: TensorView) => Promise<Float32Array>;

export interface BlockRun {
  block: Block;
  operators: Operators;
  read: ReadParameter;
  /** Linears whose inputs, `<linear>.output` whose outputs, and sites of the attention whose values are wanted. */
  observed: readonly string[];
  /** Whether the states that leave the block are wanted. */
  next: boolean;
}

/** What one batch gave. */
export interface BlockResult {
  /** `[tokens, width]` by what was observed; overwritten by the next batch. */
  observed: Map<string, Float32Array>;
  next: Float32Array | undefined;
}

/** Passes of one module of a block over one batch. */
export interface ModuleRun {
  /** The module's output, and what the block passes on after it. */
  output(hidden: Float32Array, batch: Batch): Promise<{ output: Float32Array; passed: Float32Array }>;
  /** Sum of squared differences from `reference` with other weights. */
  error(
    hidden: Float32Array,
    reference: Float32Array,
    batch: Batch,
    weights: ReadonlyMap<string, Float32Array>,
  ): Promise<number>;
}

/** From the states behind the last block to the head's input, `[tokens, width]`. */
export interface EndRun {
  run(hidden: Float32Array, batch: Batch): Promise<Float32Array>;
  release(): Promise<void>;
}

interface Batch {
  sequences: number;
  length: number;
}

/** Enough for the passes of two kinds of blocks; each holds the memory of its last batch. */
const maxSessions = 8;

/** Runs single blocks with their parameters fed, so that one session serves all blocks of one shape. */
export class BlockRunner {
  readonly #sessions = new Map<string, Promise<{ session: Session; parameters: FedParameters }>>();
  readonly #buffers: Float32Array[] = [];
  readonly #arrays = new WeakMap<object, number>();
  #nextArray = 0;

  constructor(
    readonly decoder: Decoder,
    readonly device: Device,
    readonly maxLength: number,
  ) {}

  /** Token ids `[sequences, length]` to the states that enter block 0, with the embedding read in place or fed. */
  async embed(
    sequences: readonly Int32Array[],
    parameters: ReadonlyMap<string, TensorSource> | ReadParameter,
  ): Promise<Float32Array> {
    const feeds: Record<string, Feed> = {};
    if (typeof parameters === 'function')
      for (const view of embeddingTensors(this.decoder.embedding))
        feeds[view.tensor] = { data: await parameters(view), dims: view.shape };
    const source = typeof parameters === 'function' ? new FedParameters(new Map()) : new StoredParameters(parameters);
    const graph = embeddingGraph(this.decoder, { ...this.#graphOptions(new Map()), parameters: source });
    const session = await openSession(graph, this.device);
    const length = sequences[0]?.length ?? 0;
    const dims = [sequences.length, length];
    const ids = BigInt64Array.from(
      sequences.flatMap((sequence) => [...sequence]),
      BigInt,
    );
    const { hidden } = await session.run({
      ...feeds,
      ids: { data: ids, dims },
      positions: positions(sequences.length, length),
    });
    await session.release();
    return hidden?.data as Float32Array;
  }

  /** Prepares what lies between the last block and the head, of a decoder that edits may have changed. */
  async openEnd({
    decoder,
    operators,
    read,
  }: Pick<BlockRun, 'operators' | 'read'> & { decoder: Decoder }): Promise<EndRun> {
    const parameters = new FedParameters(new Map());
    const session = await openSession(endGraph(decoder, { ...this.#graphOptions(operators), parameters }), this.device);
    const feeds: Record<string, Feed> = {};
    for (const view of endTensors(decoder)) feeds[view.tensor] = { data: await read(view), dims: view.shape };
    return {
      async run(hidden, { sequences, length }) {
        const states = { data: hidden, dims: [sequences * length, decoder.hiddenSize] };
        const { next } = await session.run({ ...feeds, hidden: states, positions: positions(sequences, length) });
        return next?.data as Float32Array;
      },
      release: () => session.release(),
    };
  }

  /** Prepares one block: parameters are read once, then used for every batch. */
  async open({
    block,
    operators,
    read,
    observed,
    next,
  }: BlockRun): Promise<(hidden: Float32Array, sequences: number, length: number) => Promise<BlockResult>> {
    const widths = observedWidths(block);
    const places = [...widths.keys()];
    const kind = `block ${observed.map((name) => places.indexOf(name)).join(',')} ${next}`;
    const { session, feeds } = await this.#load(kind, block, operators, read, (options) =>
      blockGraph(this.decoder, block, options, observed, next),
    );
    return async (hidden, sequences, length) => {
      const tokens = sequences * length;
      const dims = [tokens, this.decoder.hiddenSize];
      const values = new Map(
        observed.map((name, i) => [name, this.#buffer(i, tokens * (widths.get(name) as number))] as const),
      );
      const into: Record<string, Feed> = {};
      for (const [i, name] of observed.entries())
        into[`observed.${i}`] = { data: values.get(name) as Float32Array, dims: [tokens, widths.get(name) as number] };
      const left = next ? new Float32Array(hidden.length) : undefined;
      if (left) into['next'] = { data: left, dims };
      await session.run({ ...feeds, hidden: { data: hidden, dims }, positions: positions(sequences, length) }, into);
      return { observed: values, next: left };
    };
  }

  /** Prepares one module of a block; `weights` of a run stand in for parameters by tensor name. */
  async openModule(
    { block, operators, read }: Pick<BlockRun, 'block' | 'operators' | 'read'>,
    module: BlockModule,
  ): Promise<ModuleRun> {
    const names = fedNames(block);
    const build = (compared: boolean) =>
      this.#load(`${module} ${compared}`, block, operators, read, (options) =>
        moduleGraph(this.decoder, block, options, module, compared),
      );
    const [plain, compared] = [await build(false), await build(true)];
    const shape = (sequences: number, length: number) => ({
      dims: [sequences * length, this.decoder.hiddenSize],
      positions: positions(sequences, length),
    });
    return {
      async output(hidden, { sequences, length }) {
        const { dims, positions } = shape(sequences, length);
        const result = await plain.session.run({ ...plain.feeds, hidden: { data: hidden, dims }, positions });
        return { output: result['output']?.data as Float32Array, passed: result['passed']?.data as Float32Array };
      },
      async error(hidden, reference, { sequences, length }, weights) {
        const { dims, positions } = shape(sequences, length);
        const feeds = { ...compared.feeds };
        for (const [tensor, data] of weights) {
          const name = names.get(tensor) as string;
          feeds[name] = { data, dims: (feeds[name] as Feed).dims };
        }
        const inputs = { hidden: { data: hidden, dims }, reference: { data: reference, dims }, positions };
        const { error } = await compared.session.run({ ...feeds, ...inputs });
        return (error?.data as Float32Array).reduce((sum, value) => sum + value, 0);
      },
    };
  }

  async release(): Promise<void> {
    for (const opened of this.#sessions.values()) await (await opened).session.release();
    this.#sessions.clear();
  }

  /** Room for one observed output, kept from batch to batch: fresh pages cost as much as a tenth of the pass. */
  #buffer(output: number, length: number): Float32Array {
    let buffer = this.#buffers[output];
    if (buffer === undefined || buffer.length < length) this.#buffers[output] = buffer = new Float32Array(length);
    return buffer.subarray(0, length);
  }

  /** The session of this kind of graph for blocks of this shape, and this block's parameters as its feeds. */
  async #load(
    kind: string,
    block: Block,
    operators: Operators,
    read: ReadParameter,
    build: (options: GraphOptions) => Uint8Array,
  ): Promise<{ session: Session; feeds: Record<string, Feed> }> {
    const names = fedNames(block);
    const key = `${kind} ${shapeKey(block, names)} ${this.#operatorsKey(block, operators)}`;
    let opened = this.#sessions.get(key);
    if (opened === undefined) {
      const parameters = new FedParameters(names);
      const graph = build({ ...this.#graphOptions(operators), parameters });
      opened = openSession(graph, this.device).then((session) => ({ session, parameters }));
      this.#evict();
    }
    // Last in the map is last used: what a search holds is never the one to go.
    this.#sessions.delete(key);
    this.#sessions.set(key, opened);
    const { session, parameters } = await opened;
    const feeds: Record<string, Feed> = {};
    for (const view of blockTensors(block)) {
      const name = names.get(view.tensor) as string;
      if (parameters.used.has(name)) feeds[name] = { data: await read(view), dims: view.shape };
    }
    return { session, feeds };
  }

  /** Blocks whose operators hold the same arrays share sessions; those with arrays of their own would fill the memory. */
  #evict(): void {
    for (const [key, opened] of [...this.#sessions].slice(0, -maxSessions + 1)) {
      this.#sessions.delete(key);
      void opened.then(
        ({ session }) => session.release(),
        () => undefined,
      );
    }
  }

  /** What sits at the block's sites, arrays by identity. */
  #operatorsKey(block: Block, operators: Operators): string {
    const sites = blockLinears(block).flatMap(({ name }, i) => [
      [`${i}.input`, `${name}.input`],
      [`${i}.output`, `${name}.output`],
    ]);
    const inner = blockSites.map((name) => [name, `block.${block.index}.${name}`]);
    const found = [...sites, ...inner].map(([place, site]) => [place, operators.get(site as Site)]);
    return JSON.stringify(
      found.filter(([, list]) => list),
      (_, value: unknown) =>
        value instanceof Float32Array || value instanceof Int32Array ? `array ${this.#identify(value)}` : value,
    );
  }

  #identify(array: object): number {
    let id = this.#arrays.get(array);
    if (id === undefined) this.#arrays.set(array, (id = this.#nextArray++));
    return id;
  }

  #graphOptions(operators: Operators) {
    return { operators, lowering: 'auto' as const, packed: false, maxLength: this.maxLength };
  }
}

function positions(sequences: number, length: number): Feed {
  const data = new BigInt64Array(sequences * length);
  for (let i = 0; i < data.length; i++) data[i] = BigInt(i % length);
  return { data, dims: [sequences, length] };
}

/** Input names that do not depend on the block's index: p0, p1, ... */
function fedNames(block: Block): Map<string, string> {
  return new Map(blockTensors(block).map((view, i) => [view.tensor, `p${i}`]));
}

/** Equal for blocks that one session can serve: all but index, names and tensors. */
function shapeKey(block: Block, names: Map<string, string>): string {
  return JSON.stringify(block, (key, value: unknown) => {
    if (key === 'index' || key === 'name') return undefined;
    return key === 'tensor' && typeof value === 'string' ? names.get(value) : value;
  });
}
