import type { Kernels } from '@lowbit/kernels';
import type { BlockState, Draft, FloatModel } from '../draft/draft.js';
import { exactOperators } from '../draft/operators.js';
import { BlockRunner } from '../engine/block-runner.js';
import type { TensorSource } from '../engine/parameters.js';
import type { Device } from '../engine/runtime.js';
import type { LowbitError } from '../errors.js';
import type { BlockDraft } from '../method.js';
import type { TensorView } from '../model/decoder.js';
import { embeddingTensors } from '../model/read-decoder.js';
import type { ResolvedRecipe } from '../recipe.js';
import { Collector } from './collector.js';
import type { Stream } from './collector.js';
import { makeModuleStates, ModuleReplay } from './replay.js';
import { HiddenStates, planBatches } from './hidden-states.js';
import type { Batch } from './hidden-states.js';
import { eachStep, guard, openLane } from './lane.js';
import type { Lane, OpenReplay } from './lane.js';

export interface QuantizeRequest {
  model: FloatModel;
  /** Where the checkpoint's tensors lie, for the embedding. */
  sources: ReadonlyMap<string, TensorSource>;
  recipes: readonly ResolvedRecipe[];
  /** Token ids, one list a sequence; needed when a recipe's method asks for statistics. */
  calibration: readonly Int32Array[] | undefined;
  kernels: Kernels;
  device: Device;
  /** For hidden states that do not fit in memory. */
  workFolder: string;
  /** Bytes of hidden states that may stay in memory. */
  budgetBytes: number;
  onProgress?: ((done: number, total: number, what: string) => void) | undefined;
  /** A recipe's block is finished: store it. The host forgets the block's weights afterwards. */
  onBlock: (recipe: ResolvedRecipe, block: BlockState) => Promise<void>;
  /** What a recipe would have taken by itself, passes that it shared with others counted whole. */
  onDone?: ((recipe: ResolvedRecipe, seconds: number) => void) | undefined;
}

/** Tokens that run through a block together. */
const batchTokens = 2048;

/**
 * Takes all recipes of a model through its blocks together: block by block, each block read once, passes that stand at
 * the same point shared. A recipe that fails is left out from there on; its error is in the result.
 */
export async function quantize(request: QuantizeRequest): Promise<Map<ResolvedRecipe, Draft | LowbitError>> {
  const { model, recipes, kernels, calibration } = request;
  const maxLength = Math.max(1, ...(calibration ?? []).map(({ length }) => length));
  const runner = new BlockRunner(model.decoder, request.device, maxLength);
  const collector = new Collector(runner, kernels);
  const released: HiddenStates[] = [];
  const replayed: HiddenStates[] = [];
  const kept: HiddenStates[] = [];
  const openReplay: OpenReplay = (block, { states, modules }) =>
    ModuleReplay.open(
      ...([runner, block, states] as const),
      (name) => createStates(request, states.batches, `${name}-${replayed.length}`, replayed),
      modules,
    );
  const lanes = recipes.map((recipe) => openLane(request, recipe, collector, openReplay));
  try {
    for (const lane of lanes) {
      await guard(lane, () => eachStep(lane, ({ method, draft, context }) => method.prepare?.(draft, context)));
      lane.prepared = lane.draft.edition > 0;
    }
    const batches = await openStreams(request, runner, lanes, released);
    for (const block of model.decoder.blocks) {
      const isLast = block.index + 1 === model.decoder.blocks.length;
      for (const stream of floatStreams(lanes))
        stream.kinds = new Set(
          lanes
            .filter((lane) => lane.failure === undefined && lane.streams.get('float') === stream)
            .flatMap(({ steps }) => steps.filter(({ reading }) => reading === 'float').flatMap(({ kinds }) => kinds)),
        );
      if (!isLast)
        for (const stream of floatStreams(lanes))
          stream.makeNext = () => createStates(request, batches, `ahead-${block.index}`, released);
      if (block.normPlacement === 'pre')
        for (const stream of floatStreams(lanes.filter(({ steps }) => steps.some(({ replays }) => replays))))
          stream.makeModules = () => makeModuleStates((name) => createStates(request, batches, `kept-${name}`, kept));
      for (const [i, lane] of lanes.entries()) {
        const done = block.index * lanes.length + i;
        request.onProgress?.(
          done,
          model.decoder.blocks.length * lanes.length,
          `${lane.recipe.name} block ${block.index}`,
        );
        await guard(lane, () => finishBlock(request, lane, block.index));
        lane.replay = undefined;
        for (const states of replayed.splice(0)) await states.release();
      }
      collector.clear();
      for (const states of kept.splice(0)) await states.release();
      const going = isLast ? lanes.filter(({ steps }) => steps.some(({ readsHead }) => readsHead)) : lanes;
      await advance(request, runner, going, batches, block.index, released);
      for (const { draft } of lanes) draft.forget(draft.blocks[block.index] as BlockState);
    }
    for (const lane of lanes) await guard(lane, () => finishModel(lane));
  } finally {
    await runner.release();
    for (const states of [...released, ...replayed, ...kept]) await states.release();
  }
  for (const { recipe, seconds } of lanes) request.onDone?.(recipe, seconds);
  return new Map(lanes.map((lane) => [lane.recipe, lane.failure ?? lane.draft]));
}

/** The states that enter block 0. Lanes whose embedding is unchanged share one stream. */
async function openStreams(
  request: QuantizeRequest,
  runner: BlockRunner,
  lanes: readonly Lane[],
  released: HiddenStates[],
): Promise<Batch[]> {
  const needing = lanes.filter((lane) => lane.failure === undefined && lane.inputs.size > 0);
  if (needing.length === 0 || request.calibration === undefined) return [];
  const sequences = request.calibration;
  const { batches, members } = planBatches(sequences, batchTokens);
  const embed = async (name: string, parameters: Parameters<BlockRunner['embed']>[1]): Promise<Stream> => {
    const states = await createStates(request, batches, `embedding-${released.length}`, released);
    for (const [i, indices] of members.entries())
      await states.write(
        i,
        await runner.embed(
          indices.map((k) => sequences[k] as Int32Array),
          parameters,
        ),
      );
    return { name, states };
  };
  let shared: Promise<Stream> | undefined;
  for (const { draft, recipe, inputs, streams } of needing) {
    const edited = embeddingTensors(draft.decoder.embedding).some(({ tensor }) => draft.isEdited(tensor));
    const encoded = draft.encoded.has(draft.decoder.embedding.token.tensor);
    let float: Promise<Stream> | undefined;
    const openFloat = () =>
      (float ??= edited
        ? embed(`${recipe.name} embedding`, (view) => draft.read(view.tensor))
        : (shared ??= embed('embedding', request.sources)));
    for (const kind of inputs) {
      const rounded = kind === 'quantized' && encoded;
      const name = `${recipe.name} rounded embedding`;
      streams.set(kind, await (rounded ? embed(name, (view) => draft.current(view)) : openFloat()));
    }
  }
  return batches;
}

/** The method hooks of one block, then storage. */
async function finishBlock({ onBlock }: QuantizeRequest, lane: Lane, index: number): Promise<void> {
  const block = lane.draft.blocks[index] as BlockState;
  await lane.draft.settle(block);
  lane.entered = lane.draft.edition;
  await eachStep(lane, ({ method, draft, context }) => method.block?.(draft.blocks[index] as BlockDraft, context));
  await lane.draft.settle(block);
  await onBlock(lane.recipe, block);
}

/** The method hooks behind the last block. */
function finishModel(lane: Lane): Promise<void> {
  return eachStep(lane, ({ method, draft, context }) => {
    if (draft.head) draft.untieHead();
    return method.finish?.(draft, context);
  });
}

/** The checkpoint's own states, which need no pass of their own to advance where one collects statistics. */
function floatStreams(lanes: readonly Lane[]): Set<Stream> {
  const unedited = lanes.filter(({ prepared, failure }) => !prepared && failure === undefined);
  return new Set(unedited.flatMap(({ streams }) => streams.get('float') ?? []));
}

/** Every stream through this block; streams of one name with equal weights are run once. */
async function advance(
  request: QuantizeRequest,
  runner: BlockRunner,
  lanes: readonly Lane[],
  batches: readonly Batch[],
  index: number,
  released: HiddenStates[],
): Promise<void> {
  const made = new Map<string, { stream: Stream; seconds: number }>();
  const old = new Set<HiddenStates>();
  for (const lane of lanes) {
    for (const [inputs, stream] of lane.streams) {
      if (lane.failure !== undefined) continue;
      const block = lane.draft.blocks[index] as BlockState;
      const float = inputs === 'float';
      const name = float && !lane.prepared ? `float ${index}` : `${lane.recipe.name} ${inputs} ${index}`;
      let next = made.get(name);
      // Made by a pass that was paid for.
      if (next === undefined && float && !lane.prepared && stream.next)
        next = { stream: { name, states: stream.next }, seconds: 0 };
      if (next === undefined) {
        const begin = performance.now();
        const states = await createStates(request, batches, `${made.size}-${index}`, released);
        const { draft } = block;
        const floatModel = lane.prepared ? draft : request.model;
        const read = float
          ? (view: TensorView) => floatModel.read(view.tensor)
          : (view: TensorView) => draft.current(view);
        const operators = float && !lane.prepared ? new Map() : exactOperators(draft.sites);
        const run = await runner.open({ block: block.block, operators, read, observed: [], next: true });
        for (const [i, { sequences, length }] of batches.entries()) {
          const result = await run(await stream.states.read(i), sequences, length);
          await states.write(i, result.next as Float32Array);
        }
        next = { stream: { name, states }, seconds: (performance.now() - begin) / 1000 };
      }
      made.set(name, next);
      old.add(stream.states);
      lane.seconds += next.seconds;
      lane.streams.set(inputs, next.stream);
    }
  }
  for (const states of old) await states.release();
}

async function createStates(
  { model, budgetBytes, workFolder }: QuantizeRequest,
  batches: readonly Batch[],
  name: string,
  released: HiddenStates[],
): Promise<HiddenStates> {
  const states = await HiddenStates.create(batches, model.decoder.hiddenSize, {
    budgetBytes,
    path: `${workFolder}/states-${name}`,
  });
  released.push(states);
  return states;
}
