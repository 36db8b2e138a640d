import type { BlockRunner, ModuleRun } from '../engine/block-runner.js';
import type { BlockState } from '../draft/draft.js';
import { exactOperators } from '../draft/operators.js';
import type { BlockModule, LayerDraft, Replay } from '../method.js';
import { transpose } from '../draft/draft.js';
import type { Batch, HiddenStates } from './hidden-states.js';

/** Creates room for states of the batches of a stream. */
export type MakeStates = (name: string) => Promise<HiddenStates>;

/** A module's inputs and outputs over all calibration tokens, kept while its block is worked on. */
export class ModuleReplay implements Replay {
  private constructor(
    readonly run: ModuleRun,
    readonly inputs: HiddenStates,
    readonly reference: HiddenStates,
  ) {}

  /** Runs the block's modules once as the block stands; the MLP's replay needs the attention's output. */
  static async open(
    runner: BlockRunner,
    block: BlockState,
    inputs: HiddenStates,
    make: MakeStates,
  ): Promise<Record<BlockModule, ModuleReplay>> {
    const { draft } = block;
    const parts = {
      block: block.block,
      operators: exactOperators(draft.sites),
      read: draft.current.bind(draft),
    };
    const attention = await runner.openModule(parts, 'attention');
    const mlp = await runner.openModule(parts, 'mlp');
    const [attended, attentionOutput, mlpOutput] = [await make('attended'), await make('attention'), await make('mlp')];
    for (const [i, batch] of inputs.batches.entries()) {
      const first = await attention.output(await inputs.read(i), batch);
      await attentionOutput.write(i, first.output);
      await attended.write(i, first.passed);
      await mlpOutput.write(i, (await mlp.output(first.passed, batch)).output);
    }
    return {
      attention: new ModuleReplay(attention, inputs, attentionOutput),
      mlp: new ModuleReplay(mlp, attended, mlpOutput),
    };
  }

  get parts(): number {
    return this.inputs.batches.length;
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
    const batch = this.inputs.batches[part] as Batch;
    return this.run.error(await this.inputs.read(part), await this.reference.read(part), batch, stored);
  }
}
