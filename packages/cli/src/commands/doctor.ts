import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { availableMemory, cacheFolder, listDevices, openSubject, runtimeVersion, version } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { exitStatus } from '../exit-status.js';
import { showError } from '../show-error.js';
import { alignLeft } from '../text-table.js';

/** First tokens of a story ("Once upon a time"), in the embedded model. */
const probe = {
  ids: Int32Array.of(1, 403, 407, 261, 378),
  model: new URL('../../../../models/stories260k', import.meta.url),
};

/** `lowbit doctor`: what this machine offers, and a score from end to end. */
export async function doctor({ json }: { json?: boolean }): Promise<number> {
  const kernels = await loadKernels();
  const { bavail, bsize } = await statfs('.');
  const facts = {
    lowbit: version,
    node: process.versions.node,
    onnxruntime: runtimeVersion,
    devices: listDevices().map(({ name, bundled }) => (bundled ? name : `${name} (needs its provider)`)),
    kernels: { implementation: kernels.implementation, instructionSet: kernels.instructionSet },
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: { total: totalmem(), available: availableMemory() },
    disk: { available: bavail * bsize, cache: cacheFolder() },
  };
  const score = await tryScore();
  process.stdout.write(json ? `${JSON.stringify({ ...facts, score })}\n` : `${format(facts, score)}\n`);
  return score.ok ? exitStatus.done : exitStatus.badInput;
}

/** A few tokens through the embedded model: loads, computes, and gives losses that can be. */
async function tryScore(): Promise<{ ok: boolean; losses: number[] }> {
  try {
    const options = { kernels: await loadKernels(), device: { name: 'cpu', threads: 1 }, workFolder: tmpdir() };
    const subject = await openSubject(fileURLToPath(probe.model), options);
    const [nll] = await subject.scorer.scoreSequences([probe.ids]);
    await subject.release();
    const losses = [...(nll ?? [])];
    return {
      ok: losses.length === probe.ids.length - 1 && losses.every((loss) => loss > 0 && loss < Math.log(512) * 2),
      losses,
    };
  } catch (error) {
    showError(error);
    return { ok: false, losses: [] };
  }
}

function format(
  facts: {
    lowbit: string;
    node: string;
    onnxruntime: string;
    devices: string[];
    kernels: { implementation: string; instructionSet: string };
    processor: string;
    cores: number;
    memory: { total: number; available: number };
    disk: { available: number; cache: string };
  },
  score: { ok: boolean; losses: number[] },
): string {
  const giga = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  const { kernels, memory, disk } = facts;
  return alignLeft([
    ['lowbit', facts.lowbit],
    ['node', facts.node],
    ['onnxruntime', facts.onnxruntime],
    ['devices', facts.devices.join(', ')],
    [
      'kernels',
      kernels.implementation === 'native'
        ? `native, ${kernels.instructionSet}`
        : 'TypeScript reference (slow): build the native ones with npm run build',
    ],
    ['processor', `${facts.processor}, ${facts.cores} cores`],
    ['memory', `${giga(memory.available)} of ${giga(memory.total)} free`],
    ['disk', `${giga(disk.available)} free here; cache in ${disk.cache}`],
    ['score', score.ok ? `works: ${score.losses.map((loss) => loss.toFixed(3)).join(', ')}` : 'does not work'],
  ]);
}
