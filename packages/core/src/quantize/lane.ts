import { Draft } from '../draft/draft.js';
import type { BlockState } from '../draft/draft.js';
import { StepDraft } from '../draft/step-draft.js';
import { LowbitError, toLowbitError } from '../errors.js';
import { bindLayers } from '../layer-options.js';
import type { CalibrationInputs, Method, MethodContext, StatisticKind } from '../method.js';
import { planRecipe } from '../plan-recipe.js';
import type { ResolvedRecipe } from '../recipe.js';
import type { Collector, Cost, Payer, Stream } from './collector.js';
import type { QuantizeRequest } from './quantize.js';
import type { ModuleReplay } from './replay.js';

export type OpenReplay = (block: BlockState, stream: Stream) => ReturnType<typeof ModuleReplay.open>;

/** One recipe on its way: its draft and the streams that feed it. */
export interface Lane {
  recipe: ResolvedRecipe;
  draft: Draft;
  steps: LaneStep[];
  inputs: Set<CalibrationInputs>;
  streams: Map<CalibrationInputs, Stream>;
  /** What its next request for statistics reads from. */
  reading: CalibrationInputs;
  /** Its float model differs from the checkpoint's: prepare edited it. */
  prepared: boolean;
  /** The draft's edition when the current block began. */
  entered: number;
  replay: { edition: number; modules: ReturnType<OpenReplay> } | undefined;
  failure: LowbitError | undefined;
  /** What the recipe would have taken by itself: its own work, and each pass that it took part in, shared or not. */
  seconds: number;
}

/** A step on this model. */
export interface LaneStep {
  method: Method;
  draft: StepDraft;
  context: MethodContext<Record<string, unknown>>;
  reading: CalibrationInputs;
  kinds: readonly StatisticKind[];
  /** It will ask for statistics at the head's input. */
  readsHead: boolean;
  replays: boolean;
}

export function openLane(
  { model, kernels, calibration }: QuantizeRequest,
  recipe: ResolvedRecipe,
  collector: Collector,
  openReplay: OpenReplay,
): Lane {
  const inputs = new Set(recipe.steps.flatMap(({ method, options }) => method.needs?.(options)?.inputs ?? []));
  const charged = new Set<Cost>();
  const payer: Payer = {
    charge(cost) {
      if (!charged.has(cost)) lane.seconds += cost.seconds;
      charged.add(cost);
    },
  };
  const draft: Draft = new Draft(model, kernels, {
    statistics(block, layers, kinds, place) {
      const stream = streamOf(lane);
      // A pass of an edited block leaves no states of the float model behind.
      const { name, states } = stream;
      const source = isEdited(lane) ? { name, states } : stream;
      return collector.collect(payer, pointOf(lane), source, block, layers, kinds, place);
    },
    sample: (block, site, limit) => collector.sample(payer, pointOf(lane), streamOf(lane), block, site, limit),
    headStatistics: (kinds) =>
      collector.collectHead(
        payer,
        `${streamOf(lane).name} ${recipe.name}#${draft.edition}`,
        streamOf(lane),
        draft,
        kinds,
      ),
    async replay(block, module) {
      const { edition } = draft;
      if (lane.replay?.edition !== edition) {
        const { name, states, modules } = streamOf(lane);
        const left = isEdited(lane) ? undefined : modules;
        lane.replay = { edition, modules: openReplay(block, { name, states, modules: left }) };
      }
      return (await lane.replay.modules)[module];
    },
  });
  const lane: Lane = {
    recipe,
    draft,
    steps: [],
    inputs,
    streams: new Map(),
    reading: 'quantized',
    prepared: false,
    entered: 0,
    replay: undefined,
    failure: undefined,
    seconds: 0,
  };
  try {
    planRecipe(recipe, model.decoder);
    lane.steps = recipe.steps.map((step) => openStep(step, draft));
  } catch (thrown) {
    lane.failure = toLowbitError(thrown);
  }
  if (inputs.size > 0 && calibration === undefined)
    lane.failure = new LowbitError(
      'METHOD_NEEDS',
      `Expected calibration data for ${recipe.name}, got none; name some with --calibration, for instance wikitext2.`,
    );
  return lane;
}

function openStep(step: ResolvedRecipe['steps'][number], draft: Draft): LaneStep {
  const { method, options } = step;
  const bound = bindLayers(step, draft.decoder);
  const needs = method.needs?.(options);
  const own = new StepDraft(draft, bound);
  return {
    method,
    draft: own,
    context: { options, optionsFor: ({ linear }) => bound.get(linear.name) ?? options, kernels: draft.kernels },
    reading: needs?.inputs ?? 'quantized',
    kinds: needs?.statistics ?? [],
    replays: needs?.replays ?? false,
    readsHead: own.treats(draft.head) && (needs?.statistics.length ?? 0) > 0,
  };
}

/** Its block is not the checkpoint's. */
function isEdited({ prepared, draft, entered }: Lane): boolean {
  return prepared || draft.edition !== entered;
}

/** Names its stream and its edits of the block: lanes at one point share passes. */
function pointOf(lane: Lane): string {
  return `${streamOf(lane).name} ${isEdited(lane) ? `${lane.recipe.name}#${lane.draft.edition}` : ''}`;
}

/** What the lane's present step reads from. */
function streamOf({ streams, reading, recipe }: Lane): Stream {
  const stream = streams.get(reading);
  if (stream) return stream;
  throw new LowbitError(
    'METHOD_NEEDS',
    `Expected a method to declare the statistics it asks for, but ${recipe.name} asked without; add them to its needs.`,
  );
}

export async function eachStep(lane: Lane, hook: (step: LaneStep) => Promise<void> | undefined): Promise<void> {
  for (const step of lane.steps) {
    lane.reading = step.reading;
    await hook(step);
  }
}

/** A failed lane stops; the others go on. */
export async function guard(lane: Lane, work: () => Promise<void>): Promise<void> {
  if (lane.failure !== undefined) return;
  const begin = performance.now();
  try {
    await work();
  } catch (thrown) {
    const failure = toLowbitError(thrown);
    lane.failure =
      failure.code === 'INTERNAL'
        ? new LowbitError('METHOD_FAILED', `${lane.recipe.name} failed: ${failure.message}`, { cause: thrown })
        : failure;
  } finally {
    lane.seconds += (performance.now() - begin) / 1000;
  }
}
