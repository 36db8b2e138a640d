import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import type { Kernels } from '@lowbit/kernels';
import { findCommit } from './commit.js';
import { listDevices, runtimeVersion } from './engine/runtime.js';
import { LowbitError } from './errors.js';
import type { Experiment } from './experiment.js';
import type { Environment } from './store/types.js';
import { version } from './version.js';

/** Workers and their threads on this machine: together every core on a CPU, one worker on any other device. */
export function planWorkers({ device, workers = 1, threads }: Pick<Experiment, 'device' | 'workers' | 'threads'>): {
  workers: number;
  threads: number;
} {
  const known = listDevices().map(({ name }) => name);
  if (!known.includes(device))
    throw new LowbitError(
      'DEVICE_UNKNOWN',
      `Expected a device of this onnxruntime (${known.join(', ')}), got '${device}'; name one of them.`,
    );
  if (device !== 'cpu' && workers > 1)
    throw new LowbitError('EXPERIMENT_OPTION', `Expected one worker on ${device}, got ${workers}; leave workers out.`);
  const cores = availableParallelism();
  if (workers > cores)
    throw new LowbitError(
      'EXPERIMENT_OPTION',
      `Expected at most as many workers as this machine's ${cores} cores, got ${workers}; ask for fewer.`,
    );
  return { workers, threads: threads ?? Math.floor(cores / workers) };
}

/** What the figures were computed with and on. */
export function describeEnvironment(
  kernels: Kernels,
  device: string,
  { workers, threads }: { workers: number; threads: number },
  fingerprint: string,
): Environment {
  return {
    lowbit: version,
    commit: findCommit(),
    node: process.versions.node,
    onnxruntime: runtimeVersion,
    platform: `${platform()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? arch(),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernels: { implementation: kernels.implementation, instructionSet: kernels.instructionSet },
    device,
    workers,
    threadsPerWorker: threads,
    fingerprint,
  };
}
