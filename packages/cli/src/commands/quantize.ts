import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { inspectSubject, isArtifact, LowbitError } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { withWorker } from '../compute.js';
import type { Computation } from '../compute.js';
import type { Host } from '../host.js';
import { toExperiment } from '../model-options.js';
import type { ModelOptions } from '../model-options.js';
import { exitStatus } from '../exit-status.js';

interface QuantizeOptions extends ModelOptions {
  recipe: string;
  output: string;
  format: string;
}

const planned = ['gptq', 'awq', 'compressed-tensors', 'onnx', 'gguf'];

/** `lowbit quantize CHECKPOINT --recipe R -o DIR`: the artifact, and its size in bits on standard output. */
export async function quantize(path: string, options: QuantizeOptions, host: Host): Promise<number> {
  const { recipe, output, format } = options;
  if (format !== 'lowbit') {
    const known = planned.includes(format) ? 'it is not there yet' : 'there is no such format';
    throw new LowbitError('USAGE', `Expected --format lowbit, got ${format}; ${known}.`);
  }
  const folder = resolve(output);
  await requireFree(folder);
  const experiment = await toExperiment(path, options, [recipe], { name: 'quantize', tasks: ['none'] });
  const work = async ({ recipe: { name, steps }, quantizeTo }: Computation): Promise<number> => {
    if (steps.length === 0)
      throw new LowbitError(
        'USAGE',
        `Expected a recipe that quantizes, got ${name}; name a method, for instance rtn-w4-g128.`,
      );
    await quantizeTo(folder);
    const { bitsPerWeight, layers } = await inspectSubject(folder, await loadKernels());
    const fallbacks = layers.filter(({ fallback }) => fallback !== undefined).length;
    process.stdout.write(
      `${output}: ${name}, ${layers.length} layers at ${bitsPerWeight.toFixed(3)} bits per weight${fallbacks > 0 ? `, ${fallbacks} not treated as asked` : ''}\n`,
    );
    return exitStatus.done;
  };
  return withWorker(experiment, host, work, folder);
}

/** The folder is replaced as a whole, so nothing but an artifact may lie there. */
async function requireFree(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (names.length > 0 && !(await isArtifact(folder)))
    throw new LowbitError(
      'USAGE',
      `Expected -o to name a new folder, an empty one or an artifact, got ${folder} with other files in it; name another.`,
    );
}
