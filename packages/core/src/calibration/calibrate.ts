import { LowbitError } from '../errors.js';
import type { Experiment } from '../experiment.js';
import { openTokenizer } from '../model/tokenizer.js';
import type { ResolvedRecipe } from '../recipe.js';
import type { SubjectInfo } from '../subject.js';
import { openDataFolder } from '../task-data.js';
import { sampleCalibration } from './samplers.js';
import type { CalibrationSample } from './samplers.js';

/** Whether one of its methods reads calibration tokens, be it statistics, samples or a replay. */
export function needsCalibration({ steps }: ResolvedRecipe): boolean {
  return steps.some(({ method, options }) => method.needs?.(options) !== undefined);
}

/**
 * The samples of an experiment for one model, with their source as the user wrote it: a report holds no folder of this
 * machine. Token ids need no tokenizer.
 */
export async function calibrate(
  { calibration, data }: Pick<Experiment, 'calibration' | 'data'>,
  { path, decoder }: SubjectInfo,
): Promise<CalibrationSample | undefined> {
  if (calibration === undefined) return undefined;
  const { shown, ...source } = calibration;
  const { vocabSize, contextLength } = decoder;
  const tokenizer = source.kind === 'token-ids' ? undefined : await openTokenizer(path);
  const sample = await sampleCalibration(source, {
    tokenizer,
    data: openDataFolder(data ?? 'data'),
    vocabSize,
    contextLength,
  });
  const named = source.file === undefined ? sample.record.source : sample.record.source.replace(source.file, shown);
  return { ...sample, record: { ...sample.record, source: named } };
}

export function lacksCalibration(recipe: string): LowbitError {
  return new LowbitError(
    'METHOD_NEEDS',
    `Expected calibration data for ${recipe}, got none; name some with --calibration, for instance wikitext2.`,
  );
}
