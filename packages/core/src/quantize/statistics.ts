import { createColumnStatistics } from '@lowbit/kernels';
import type { ColumnStatistics, Kernels } from '@lowbit/kernels';
import type { StatisticKind, Statistics } from '../method.js';

/** Sums one linear's inputs over batches. */
export class StatisticsSum {
  #tokens = 0;
  readonly #hessian: Float32Array | undefined;
  readonly #columns: ColumnStatistics | undefined;

  constructor(
    readonly cols: number,
    kinds: readonly StatisticKind[],
    readonly kernels: Kernels,
  ) {
    this.#hessian = kinds.includes('hessian') ? new Float32Array(cols * cols) : undefined;
    this.#columns = kinds.includes('columns') ? createColumnStatistics(cols) : undefined;
  }

  /** `inputs` is `[tokens, cols]`. */
  async add(inputs: Float32Array): Promise<void> {
    const tokens = inputs.length / this.cols;
    this.#tokens += tokens;
    if (this.#hessian) await this.kernels.addSecondMoment(this.#hessian, inputs, tokens, this.cols);
    if (this.#columns) await this.kernels.addColumnStatistics(this.#columns, inputs, tokens, this.cols);
  }

  finish(): Statistics {
    return { tokens: this.#tokens, hessian: this.#hessian, columns: this.#columns };
  }
}
