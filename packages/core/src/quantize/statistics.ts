import { createColumnStatistics } from '@lowbit/kernels';
import type { ColumnStatistics, Kernels } from '@lowbit/kernels';
import { LowbitError } from '../errors.js';
import type { StatisticKind, Statistics } from '../method.js';

/** What AWQ's clip search looks at. */
const sampledTokens = 512;

/** Sums one linear's inputs or outputs over batches. Throws CALIBRATION_VALUE at the first that is NaN or infinite. */
export class StatisticsSum {
  #tokens = 0;
  readonly #hessian: Float32Array | undefined;
  readonly #columns: ColumnStatistics | undefined;
  readonly #samples: Float32Array[] | undefined;
  readonly #stride: number;

  /** `place`: whose values, for errors; `tokens`: how many will come. */
  constructor(
    readonly place: string,
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
    const found = await this.kernels.firstNonFinite(inputs);
    if (found >= 0) {
      const token = this.#tokens + Math.floor(found / this.cols);
      this.#refuse(`${inputs[found]} in channel ${found % this.cols} at token ${token}`);
    }
    if (this.#samples)
      for (let token = 0; token < tokens; token++)
        if ((this.#tokens + token) % this.#stride === 0)
          this.#samples.push(inputs.slice(token * this.cols, (token + 1) * this.cols));
    this.#tokens += tokens;
    if (this.#hessian) await this.kernels.addSecondMoment(this.#hessian, inputs, tokens, this.cols);
    if (this.#columns) await this.kernels.addColumnStatistics(this.#columns, inputs, tokens, this.cols);
  }

  finish(): Statistics {
    // A square may overflow where the value does not; no entry is larger than the largest of the diagonal.
    for (let j = 0; this.#hessian && j < this.cols; j++)
      if (!Number.isFinite(this.#hessian[j * (this.cols + 1)]))
        this.#refuse(`a sum of squares beyond float32 in channel ${j}`);
    return { tokens: this.#tokens, hessian: this.#hessian, columns: this.#columns, samples: this.#joinSamples() };
  }

  #refuse(what: string): never {
    throw new LowbitError(
      'CALIBRATION_VALUE',
      `Expected finite values at ${this.place} in calibration, got ${what}; score the float model on this text, and if it is finite there, give the steps before more bits.`,
    );
  }

  #joinSamples(): Float32Array | undefined {
    if (this.#samples === undefined) return undefined;
    const joined = new Float32Array(this.#samples.length * this.cols);
    for (const [i, row] of this.#samples.entries()) joined.set(row, i * this.cols);
    return joined;
  }
}
