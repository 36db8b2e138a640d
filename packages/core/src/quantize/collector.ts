import type { Kernels } from '@lowbit/kernels';
import type { BlockState, Draft, LayerState } from '../draft/draft.js';
import { exactOperators } from '../draft/operators.js';
import type { SampledSite } from '../draft/operators.js';
import type { BlockRunner } from '../engine/block-runner.js';
import type { LayerDraft, SiteSamples, StatisticKind, StatisticPlace, Statistics } from '../method.js';
import type { ModuleStates } from './replay.js';
import { sampleSite } from './sample-site.js';
import { StatisticsSum } from './statistics.js';
import type { HiddenStates } from './hidden-states.js';

/** Hidden states on their way through the blocks, under a name: equal names hold equal values. */
export interface Stream {
  name: string;
  states: HiddenStates;
  /** What will be asked for at inputs of the unedited block: one pass collects it for all. */
  kinds?: ReadonlySet<StatisticKind> | undefined;
  /** Room for the states behind the present block, where the float model's are wanted: the first pass fills it on its way. */
  makeNext?: (() => Promise<HiddenStates>) | undefined;
  next?: HiddenStates | undefined;
  /** Likewise for what the block's modules give, where a method will replay them. */
  makeModules?: (() => Promise<ModuleStates>) | undefined;
  modules?: ModuleStates | undefined;
}

/** Who asks. A pass that it shares costs it as much as one of its own: alone it would have had to make it. */
export interface Payer {
  charge(cost: Cost): void;
}

/** Of one pass. */
export interface Cost {
  /** Its maker spends them while it waits. */
  readonly maker: Payer;
  /** Known when the pass is finished. */
  seconds: number;
}

interface Pass<T> {
  cost: Cost;
  result: Promise<T>;
}

/**
 * Collects what methods ask for. Two requests that stand at the same point (same stream, same edits of the block) share
 * one pass, whichever recipes they come from.
 */
export class Collector {
  readonly #passes = new Map<string, Pass<Statistics> & { kinds: ReadonlySet<StatisticKind> }>();
  readonly #samples = new Map<string, Pass<SiteSamples>>();

  constructor(
    readonly runner: BlockRunner,
    readonly kernels: Kernels,
  ) {}

  /** `point` names stream and edits; layers whose inputs are one value are summed once. */
  async collect(
    payer: Payer,
    point: string,
    stream: Stream,
    block: BlockState,
    layers: readonly LayerState[],
    kinds: readonly StatisticKind[],
    place: StatisticPlace,
  ): Promise<Map<LayerDraft, Statistics>> {
    const owners = place === 'input' ? layers.map((layer) => inputOwner(block, layer)) : layers;
    const keyOf = (owner: LayerState): string => `${point} ${owner.linear.name} ${place}`;
    const known = (owner: LayerState) => this.#passes.get(keyOf(owner));
    const missing = [...new Set(owners)].filter((owner) => !kinds.every((kind) => known(owner)?.kinds.has(kind)));
    if (missing.length > 0) {
      const wanted = new Set([
        ...kinds,
        ...((place === 'input' && stream.kinds) || []),
        ...missing.flatMap((owner) => [...(known(owner)?.kinds ?? [])]),
      ]);
      const { cost, result: pass } = begin(payer, () => this.#pass(stream, block, missing, [...wanted], place));
      for (const [i, owner] of missing.entries()) {
        const result = pass.then((sums) => sums[i] as Statistics);
        // Awaited one by one: those behind a failed one are not awaited at all.
        result.catch(() => undefined);
        this.#passes.set(keyOf(owner), { kinds: wanted, cost, result });
      }
    }
    const results = new Map<LayerDraft, Statistics>();
    for (const [i, layer] of layers.entries())
      results.set(layer, await take(payer, known(owners[i] as LayerState) as Pass<Statistics>));
    return results;
  }

  /** Values at a site of the block's attention, kept until the block is finished. */
  sample(
    payer: Payer,
    point: string,
    { states }: Stream,
    block: BlockState,
    site: SampledSite,
    limit: number,
  ): Promise<SiteSamples> {
    const key = `${point} ${site} ${limit}`;
    const pass = this.#samples.get(key) ?? begin(payer, () => sampleSite(this.runner, states, block, site, limit));
    this.#samples.set(key, pass);
    return take(payer, pass);
  }

  /** At the head's input, of states behind the last block. */
  collectHead(
    payer: Payer,
    point: string,
    { states }: Stream,
    draft: Draft,
    kinds: readonly StatisticKind[],
  ): Promise<Statistics> {
    const key = `${point} head ${kinds.join('+')}`;
    const pass = this.#passes.get(key) ?? {
      kinds: new Set(kinds),
      ...begin(payer, () => this.#headPass(states, draft, kinds)),
    };
    this.#passes.set(key, pass);
    return take(payer, pass);
  }

  async #headPass(states: HiddenStates, draft: Draft, kinds: readonly StatisticKind[]): Promise<Statistics> {
    const { decoder, sites, head } = draft;
    const { run, release } = await this.runner.openEnd({
      decoder,
      operators: exactOperators(sites),
      read: (view) => draft.current(view),
    });
    const sum = new StatisticsSum(
      `the input of ${head.linear.name}`,
      head.linear.cols,
      kinds,
      this.kernels,
      countTokens(states),
    );
    for (const [i, batch] of states.batches.entries()) await sum.add(await run(await states.read(i), batch));
    await release();
    return sum.finish();
  }

  /** Statistics of a finished block are not asked for again. */
  clear(): void {
    this.#passes.clear();
    this.#samples.clear();
  }

  async #pass(
    stream: Stream,
    block: BlockState,
    owners: readonly LayerState[],
    kinds: readonly StatisticKind[],
    place: StatisticPlace,
  ): Promise<Statistics[]> {
    const { draft } = block;
    const { states, makeNext, makeModules } = stream;
    stream.makeNext = stream.makeModules = undefined;
    const next = await makeNext?.();
    const modules = await makeModules?.();
    const outputs = modules ? moduleOutputs(block) : [];
    const observed = owners.map(({ linear }) => (place === 'input' ? linear.name : (`${linear.name}.output` as const)));
    const run = await this.runner.open({
      block: block.block,
      operators: exactOperators(draft.sites),
      read: (view) => draft.current(view),
      observed: [...observed, ...outputs],
      next: next !== undefined,
    });
    const tokens = countTokens(states);
    const sums = owners.map(({ linear }) => {
      const { name, rows, cols } = linear;
      const width = place === 'input' ? cols : rows;
      return new StatisticsSum(`the ${place} of ${name}`, width, kinds, this.kernels, tokens);
    });
    for (const [i, { sequences, length }] of states.batches.entries()) {
      const hidden = await states.read(i);
      const batch = await run(hidden, sequences, length);
      for (const [k, name] of observed.entries()) await sums[k]?.add(batch.observed.get(name) as Float32Array);
      await next?.write(i, batch.next as Float32Array);
      if (modules)
        await keepModules(
          modules,
          i,
          hidden,
          outputs.map((name) => batch.observed.get(name)?.slice()),
        );
    }
    // A later pass of the stream makes none.
    if (next) stream.next = next;
    if (modules) stream.modules = modules;
    return sums.map((sum) => sum.finish());
  }
}

function begin<T>(maker: Payer, work: () => Promise<T>): Pass<T> {
  const cost: Cost = { maker, seconds: 0 };
  const started = performance.now();
  const result = work().finally(() => (cost.seconds = (performance.now() - started) / 1000));
  return { cost, result };
}

async function take<T>(payer: Payer, { cost, result }: Pass<T>): Promise<T> {
  const value = await result;
  if (cost.maker !== payer) payer.charge(cost);
  return value;
}

/** The last linear of attention and MLP, behind their operators. */
function moduleOutputs({ block }: BlockState): string[] {
  return [block.attention.output, block.mlp.down].map(({ name }) => `${name}.output`);
}

async function keepModules(
  { attended, attention, mlp }: ModuleStates,
  batch: number,
  hidden: Float32Array,
  [attentionOutput = hidden, mlpOutput = hidden]: (Float32Array | undefined)[],
): Promise<void> {
  const sum = new Float32Array(hidden.length);
  for (let i = 0; i < sum.length; i++) sum[i] = (hidden[i] as number) + (attentionOutput[i] as number);
  await attended.write(batch, sum);
  await attention.write(batch, attentionOutput);
  await mlp.write(batch, mlpOutput);
}

function countTokens({ batches }: HiddenStates): number {
  return batches.reduce((sum, { sequences, length }) => sum + sequences * length, 0);
}

/** The layer that stands for all of its stage that see the same value: the first, unless operators sit on the inputs. */
function inputOwner(block: BlockState, layer: LayerState): LayerState {
  const stage = block.stages.find((layers) => layers.includes(layer)) ?? [layer];
  const plain = stage.every(({ linear }) =>
    block.draft.operators(`${linear.name}.input`).every(({ kind }) => kind === 'quantize'),
  );
  return plain ? (stage[0] as LayerState) : layer;
}
