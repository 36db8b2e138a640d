import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LowbitError, parseTokenIds } from '@lowbit/core';
import type { ModelInfo } from '@lowbit/core';
import { withWorker } from '../compute.js';
import type { Host } from '../host.js';
import { toExperiment } from '../model-options.js';
import type { ModelOptions } from '../model-options.js';
import { exitStatus } from '../exit-status.js';

interface ScoreOptions extends ModelOptions {
  tokenIds: string;
  recipe: string;
}

/** Of a float32; more would be noise. */
const digits = 9;

/** `lowbit score CHECKPOINT --token-ids FILE`: `{"nll": number[][]}` and nothing else on standard output. */
export async function score(path: string, options: ScoreOptions, host: Host): Promise<number> {
  const experiment = await toExperiment(path, options, [options.recipe], { name: 'score', tasks: ['none'] });
  return withWorker(experiment, host, async ({ info, recipe, run, quantizeTo }) => {
    const sequences = await readSequences(options.tokenIds, info);
    const artifact = join(host.temporaryFolder, 'artifact');
    if (recipe.steps.length > 0) await quantizeTo(artifact);
    const subject = recipe.steps.length > 0 ? artifact : info.path;
    // A single token has no successor to be scored.
    const scored = sequences.filter(({ length }) => length > 1);
    const losses = scored.length > 0 ? await run({ kind: 'score', subject, attempt: 0, sequences: scored }) : [];
    const nll = sequences.map((ids) => (ids.length > 1 ? [...(losses[scored.indexOf(ids)] as Float32Array)] : []));
    if (nll.some((list) => list.some((loss) => !Number.isFinite(loss))))
      throw new LowbitError(
        'METHOD_FAILED',
        `Expected finite losses, but ${recipe.name} gave others; use more bits or another method.`,
      );
    process.stdout.write(
      `${JSON.stringify({ nll: nll.map((list) => list.map((loss) => Number(loss.toPrecision(digits)))) })}\n`,
    );
    return exitStatus.done;
  });
}

async function readSequences(file: string, info: ModelInfo): Promise<Int32Array[]> {
  const { name } = info;
  const { vocabSize, contextLength } = info.decoder ?? info;
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LowbitError(
      'TOKEN_IDS',
      `Expected token ids in ${file}, but it cannot be read; name a JSON file of number[][].`,
      { cause },
    );
  });
  const sequences = parseTokenIds(text, file, vocabSize);
  const long = sequences.findIndex(({ length }) => length > contextLength);
  if (long >= 0)
    throw new LowbitError(
      'TOKEN_IDS',
      `Expected sequences of at most the ${contextLength} tokens of ${name}'s context, got ${sequences[long]?.length} in sequence ${long}; cut it.`,
    );
  return sequences;
}
