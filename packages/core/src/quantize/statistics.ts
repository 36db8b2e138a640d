import { createColumnStatistics } from '@lowbit/kernels';
import type { ColumnStatistics, Kernels } from '@lowbit/kernels';
import type { StatisticKind, Statistics } from '../method.js';

/** What AWQ's clip search looks at. */
const sampledTokens = 512;

/** Sums one linear's inputs over batches. */
export class StatisticsSum {
  #tokens = 0;
  readonly #hessian: Float32Array | undefined;
  readonly #columns: ColumnStatistics | undefined;
  readonly #samples: Float32Array[] | undefined;
  readonly #stride: number;

  /** `tokens`: how many will come. */
  constructor(
    readonly cols: number,
    kinds: readonly StatisticKind[],
    readonly kernels: Kernels,
    tokens: number,
  ) {
    this.#samples = kinds.includes('samples') ? [] : undefined;
    this.#stride = Math.max(1, Math.floor(tokens / sampledTokens));
    this.#hessian = kinds.includes('hessian') ? new Float32Array(cols * cols) : undefined;
    this.#columns = kinds.includes('columns') ? createColumnStatistics(cols) : undefined;
  }

  /** `inputs` is `[tokens, cols]`. */
  async add(inputs: Float32Array): Promise<void> {
    const tokens = inputs.length / this.cols;
    if (this.#samples)
      for (let token = 0; token < tokens; token++)
        if ((this.#tokens + token) % this.#stride === 0)
          this.#samples.push(inputs.slice(token * this.cols, (token + 1) * this.cols));
    this.#tokens += tokens;
    if (this.#hessian) await this.kernels.addSecondMoment(this.#hessian, inputs, tokens, this.cols);
    if (this.#columns) await this.kernels.addColumnStatistics(this.#columns, inputs, tokens, this.cols);
  }

  finish(): Statistics {
    return { tokens: this.#tokens, hessian: this.#hessian, columns: this.#columns, samples: this.#joinSamples() };
  }

  #joinSamples(): Float32Array | undefined {
    if (this.#samples === undefined) return undefined;
    const joined = new Float32Array(this.#samples.length * this.cols);
    for (const [i, row] of this.#samples.entries()) joined.set(row, i * this.cols);
    return joined;
  }
}
