/**
 * How encoded weights enter products. `simulated`: decoded to float32, multiplied in float32. `executed`: onnxruntime's
 * operators read the codes, where it has one for the encoding, with activations as the recipe has them; everything else stays
 * simulated. `executed-int8`: the same, and products of float activations round them to 8 bits in each block, which is faster.
 */
export const executions = ['simulated', 'executed', 'executed-int8'] as const;
export type Execution = (typeof executions)[number];

/**
 * What the products of a subject were: `simulated` (all in float32), `executed` (codes of weights times float32
 * activations), `executed-int8` (somewhere both enter as 8-bit integers, because the recipe or the execution says so).
 */
export type Precision = Execution;

/** Which linears an executed subject computes by which operator. */
export interface ExecutionRecord {
  precision: Precision;
  /** Linears by the operator of their product; `Gemm` is float32. */
  operators: { MatMulNBits: number; MatMulInteger: number; Gemm: number };
  /** Where encoded weights were to be executed: the linears that stayed simulated, by reason. */
  simulated: { reason: string; layers: string[] }[];
}

/** Linears whose codes were executed. */
export function countExecuted({ operators }: ExecutionRecord): number {
  return operators.MatMulNBits + operators.MatMulInteger;
}
