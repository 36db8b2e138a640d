import type { CalibrationRecord, Manifest, RecipeRecord, Row, StepRecord, TaskRecord } from '@lowbit/core';
import { formatOption, isFloat, listOverrides } from './recipe-series.js';

/** How to have a recipe's figures again: command lines, and the file of the recipe where text cannot say it. */
export interface RunAgain {
  commands: string[];
  /** Of `recipe.json`, which the commands name then. */
  recipeFile: string | undefined;
}

/**
 * One command for each set of tasks that were asked alike. The manifest does not know where the checkpoint lies, which is a
 * word in capitals, nor plugins, the data folder and the rest of the experiment's options, which are left out: the page says so.
 */
export function describeRunAgain(
  { tasks, calibration }: Pick<Manifest, 'tasks' | 'calibration'>,
  recipe: RecipeRecord,
  precision: Row['precision'],
): RunAgain {
  const text = writeRecipe(recipe);
  const recipes = isFloat(recipe) ? ['float'] : ['float', text ?? 'recipe.json'];
  const groups = new Map<string, TaskRecord[]>();
  for (const task of tasks) {
    const key = JSON.stringify([task.limit, task.window, task.windows, task.fewShot, task.chatTemplate]);
    groups.set(key, [...(groups.get(key) ?? []), task]);
  }
  const commands = [...groups.values()].map((group) =>
    [
      'lowbit eval CHECKPOINT',
      ...recipes.map((each) => `--recipe ${quoteShell(each)}`),
      `--tasks ${quoteShell(group.map(({ name }) => name).join(','))}`,
      ...(group[0] ? describeAsking(group[0]) : []),
      ...(isFloat(recipe) ? [] : describeCalibration(calibration)),
      ...(precision === undefined || precision === 'simulated' ? [] : [`--execution ${precision}`]),
    ].join(' \\\n  '),
  );
  const steps = recipe.steps.map(({ method, options, layers }) => ({ method, options, layers }));
  return { commands, recipeFile: text === undefined ? JSON.stringify(steps, undefined, 1) : undefined };
}

function describeAsking({ limit, window, windows, fewShot, chatTemplate }: TaskRecord): string[] {
  const flags = { limit, window, windows, 'few-shot': fewShot, 'chat-template': chatTemplate };
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag} ${value}`]));
}

function describeCalibration(record: CalibrationRecord | undefined): string[] {
  if (!record) return [];
  const { source, samples, sequenceLength, seed } = record;
  // The record's words: `text (stories.txt)`, `c4 (c4/train.jsonl)`, whose file lies in the data folder.
  const [, kind = source, file = ''] = /^(\S+) \((.*)\)$/s.exec(source) ?? [];
  const head = kind === 'text' || kind === 'token-ids' ? `${kind}:${file}` : kind;
  const options =
    kind === 'token-ids' ? { samples } : { samples, sequenceLength, ...(seed === undefined ? {} : { seed }) };
  const parts = Object.entries(options).map(([key, value]) => `${key}=${value}`);
  return [`--calibration ${quoteShell([head, ...parts].join(','))}`];
}

/** The recipe as the command line reads it; undefined where an option's value has no such form. */
function writeRecipe(recipe: RecipeRecord): string | undefined {
  if (isFloat(recipe)) return 'float';
  const steps = recipe.steps.map(writeStep);
  return steps.every((step) => step !== undefined) ? steps.join('+') : undefined;
}

function writeStep(step: StepRecord): string | undefined {
  const overrides = listOverrides(step);
  const given = [step.options, ...(step.layers ?? []).map((layer) => ('off' in layer ? {} : layer.options))];
  if (!/^[\w.-]+$/.test(step.method) || !given.flatMap((each) => Object.entries(each)).every(isWritable))
    return undefined;
  if (overrides.some((text) => /[{};\s]/.test(text))) return undefined;
  const options = Object.entries(step.options).map(([key, value]) => `${key}=${formatOption(value)}`);
  const layers = overrides.length > 0 ? `{${overrides.join('; ')}}` : '';
  return `${step.method}${options.length > 0 ? `(${options.join(',')})` : ''}${layers}`;
}

/** Numbers, yes or no, and words that are read back as themselves. */
function isWritable([key, value]: [string, unknown]): boolean {
  if (!/^\w+$/.test(key)) return false;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'boolean') return true;
  if (typeof value !== 'string' || !/^[\w.:/@-]+$/.test(value)) return false;
  return Number.isNaN(Number(value)) && value !== 'true' && value !== 'false';
}

/** A word of a POSIX shell, in quotes where it needs them; control characters so that no terminal acts on them. */
function quoteShell(word: string): string {
  if (/^[\w.,:=/@%+-]+$/.test(word)) return word;
  if (!/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", String.raw`'\''`)}'`;
  const escaped = word.replace(/[\\']/g, '\\$&');
  return `$'${escaped.replace(/\p{Cc}/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}
