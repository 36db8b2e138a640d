import type { BlockRunner, ModuleRun } from '../engine/block-runner.js';
import type { BlockState } from '../draft/draft.js';
import { exactOperators } from '../draft/operators.js';
import type { BlockModule, LayerDraft, Replay } from '../method.js';
import { transpose } from '../draft/draft.js';
import type { Batch, HiddenStates } from './hidden-states.js';

/** Creates room for states of the batches of a stream. */
export type MakeStates = (name: string) => Promise<HiddenStates>;

/** What the modules of a block give over all calibration tokens; `attended` enters the MLP's norm. */
export type ModuleStates = Record<'attended' | 'attention' | 'mlp', HiddenStates>;

export async function makeModuleStates(make: MakeStates): Promise<ModuleStates> {
  return { attended: await make('attended'), attention: await make('attention'), mlp: await make('mlp') };
}

/** Tokens of a part: what a search needs at least to rank candidates. */
const partTokens = 1024;

/** A run of sequences of one batch. */
interface Part extends Batch {
  batch: number;
  /** Its first sequence. */
  first: number;
}

/** A module's inputs and outputs over all calibration tokens, kept while its block is worked on. */
export class ModuleReplay implements Replay {
  readonly #parts: readonly Part[];

  private constructor(
    readonly run: ModuleRun,
    readonly inputs: HiddenStates,
    readonly reference: HiddenStates,
  ) {
    this.#parts = inputs.batches.flatMap(cutBatch);
  }

  /** Runs the block's modules once as the block stands, unless a pass has left what they give. */
  static async open(
    runner: BlockRunner,
    block: BlockState,
    inputs: HiddenStates,
    make: MakeStates,
    left: ModuleStates | undefined,
  ): Promise<Record<BlockModule, ModuleReplay>> {
    const { draft } = block;
    const parts = {
      block: block.block,
      operators: exactOperators(draft.sites),
      read: draft.current.bind(draft),
    };
    const attention = await runner.openModule(parts, 'attention');
    const mlp = await runner.openModule(parts, 'mlp');
    const states = left ?? (await makeModuleStates(make));
    for (const [i, batch] of left ? [] : inputs.batches.entries()) {
      const first = await attention.output(await inputs.read(i), batch);
      await states.attention.write(i, first.output);
      await states.attended.write(i, first.passed);
      await states.mlp.write(i, (await mlp.output(first.passed, batch)).output);
    }
    return {
      attention: new ModuleReplay(attention, inputs, states.attention),
      mlp: new ModuleReplay(mlp, states.attended, states.mlp),
    };
  }

  get parts(): number {
    return this.#parts.length;
  }

  get values(): number {
    return this.inputs.width * this.inputs.batches.reduce((sum, { sequences, length }) => sum + sequences * length, 0);
  }

  async error(weights: ReadonlyMap<LayerDraft, Float32Array>, part: number): Promise<number> {
    const stored = new Map(
      [...weights].map(([{ linear }, values]) => {
        const { rows, cols, weight } = linear;
        return [weight.tensor, weight.transposed ? transpose(values, rows, cols) : values] as const;
      }),
    );
    const { batch, first, sequences, length } = this.#parts[part] as Part;
    const { width } = this.inputs;
    const cut = (states: Float32Array): Float32Array =>
      states.subarray(first * length * width, (first + sequences) * length * width);
    const [inputs, reference] = [await this.inputs.read(batch), await this.reference.read(batch)];
    return this.run.error(cut(inputs), cut(reference), { sequences, length }, stored);
  }
}

function cutBatch({ sequences, length }: Batch, batch: number): Part[] {
  const size = Math.max(1, Math.floor(partTokens / length));
  return Array.from({ length: Math.ceil(sequences / size) }, (_, i) => {
    const first = i * size;
    return { batch, first, sequences: Math.min(size, sequences - first), length };
  });
}
