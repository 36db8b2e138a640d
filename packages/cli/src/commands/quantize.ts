import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkRecipeExport, findExportFormat, inspectSubject, isArtifact, LowbitError } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { withWorker } from '../compute.js';
import type { Computation } from '../compute.js';
import type { Host } from '../host.js';
import { toExperiment } from '../model-options.js';
import type { ModelOptions } from '../model-options.js';
import { exportTo, requireEmpty } from './export.js';
import { exitStatus } from '../exit-status.js';

interface QuantizeOptions extends ModelOptions {
  recipe: string;
  output: string;
  format: string;
}

const own = 'lowbit';

/**
 * `lowbit quantize CHECKPOINT --recipe R -o DIR`: the artifact, and its size in bits on standard output. With another
 * `--format` the artifact is temporary, and its export goes to DIR.
 */
export async function quantize(path: string, options: QuantizeOptions, host: Host): Promise<number> {
  const { recipe, output, format } = options;
  const target = format === own ? undefined : findExportFormat(format);
  if (target) await requireEmpty(output);
  else await requireFree(resolve(output));
  const folder = target ? join(host.temporaryFolder, 'artifact') : resolve(output);
  const experiment = await toExperiment(path, options, [recipe], { name: 'quantize', tasks: ['none'] });
  const work = async ({ info, recipe: resolved, quantizeTo }: Computation): Promise<number> => {
    const { name, steps } = resolved;
    if (steps.length === 0)
      throw new LowbitError(
        'USAGE',
        `Expected a recipe that quantizes, got ${name}; name a method, for instance rtn-w4-g128.`,
      );
    if (target && info.decoder) checkRecipeExport(target, resolved, info.decoder);
    await quantizeTo(folder);
    const { bitsPerWeight, layers } = await inspectSubject(folder, await loadKernels());
    const fallbacks = layers.filter(({ fallback }) => fallback !== undefined).length;
    process.stdout.write(
      `${output}: ${name}, ${layers.length} layers at ${bitsPerWeight.toFixed(3)} bits per weight${fallbacks > 0 ? `, ${fallbacks} not treated as asked` : ''}\n`,
    );
    return target ? exportTo(folder, { format, output }) : exitStatus.done;
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
