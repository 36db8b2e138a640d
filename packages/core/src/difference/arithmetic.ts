import type { Environment, Manifest } from '../store/types.js';

/**
 * Whether two runs add float32 numbers in the same order: same processor, instruction set, device and onnxruntime. Then equal
 * code and input give equal bits, whatever the threads. An imported run says nothing of its arithmetic.
 */
export function hasSameArithmetic(a: Manifest, b: Manifest): boolean {
  if (a.imported !== undefined || b.imported !== undefined) return false;
  return arithmeticOf(a.environment) === arithmeticOf(b.environment);
}

/** Whether times and memory of two runs are of the same kind of machine, used alike. */
export function hasSameMachine({ environment: a }: Manifest, { environment: b }: Manifest): boolean {
  return machineOf(a) === machineOf(b);
}

function arithmeticOf({ processor, platform, device, onnxruntime, kernels }: Environment): string {
  const architecture = platform?.split(' ').at(-1);
  return JSON.stringify([processor, architecture, device, onnxruntime, kernels?.instructionSet]);
}

function machineOf({ processor, cores, device, workers, threadsPerWorker }: Environment): string {
  return JSON.stringify([processor, cores, device, workers, threadsPerWorker]);
}
