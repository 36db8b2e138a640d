import { parentPort, workerData } from 'node:worker_threads';
import { JobRunner } from '@lowbit/core';
import type { Job, WorkerSetup } from '@lowbit/core';
import { loadKernels, setThreads } from '@lowbit/kernels';
import { createRegistry } from './plugins.js';

const setup = workerData as WorkerSetup;
setThreads(setup.device.threads);

const runner = new JobRunner({
  ...setup,
  registry: await createRegistry(setup.plugins),
  kernels: await loadKernels(),
  report: (progress) => parentPort?.postMessage(progress),
});

/** The entry of each worker thread of the pool. */
export default function run(job: Job): Promise<unknown> {
  return runner.run(job);
}
