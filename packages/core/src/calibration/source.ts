import { LowbitError, nearestName } from '../errors.js';

/** Where calibration tokens come from, with what was asked of them. */
export interface CalibrationSource {
  kind: 'wikitext2' | 'c4' | 'text' | 'token-ids';
  /** Of `text` and `token-ids`: a path as the user gave it. */
  file?: string | undefined;
  /** Default 128 or what there is; for `token-ids` all sequences. */
  samples?: number | undefined;
  /** Default 2048, or the model's context where that is shorter. `token-ids` brings its own. */
  sequenceLength?: number | undefined;
  /** Undefined: the first windows, one after the other. Else Python's generator, as in GPTQ's samplers. */
  seed?: number | undefined;
}

const kinds = ['wikitext2', 'c4', 'text', 'token-ids'] as const;
const optionNames = ['samples', 'sequenceLength', 'seed'] as const;

/**
 * `wikitext2,samples=128,sequenceLength=2048,seed=0`, `c4`, `text:FILE`, `token-ids:FILE`, as on the command line.
 * `seed=first` is the same as no seed. What does not parse is a CALIBRATION_SOURCE error.
 */
export function parseCalibration(text: string): CalibrationSource {
  const { head, options } = splitOptions(text);
  const colon = head.indexOf(':');
  const name = colon < 0 ? head : head.slice(0, colon);
  const file = colon < 0 ? undefined : head.slice(colon + 1);
  const kind = kinds.find((each) => each === name);
  if (!kind) throw unknownName('source', name, kinds);
  const wantsFile = kind === 'text' || kind === 'token-ids';
  if (wantsFile && !file) throw refuse(`${kind} needs a file, but "${text}" names none; write ${kind}:FILE`);
  if (!wantsFile && file !== undefined)
    throw refuse(`${kind} takes no file, but "${text}" names one; write text:FILE for a text of your own`);
  return checkCalibration({ kind, file, ...Object.fromEntries(options.map(parseOption)) });
}

/** Refuses values out of range and options that a source has no use for; returns its argument. */
export function checkCalibration(source: CalibrationSource): CalibrationSource {
  const { kind, samples, sequenceLength, seed } = source;
  requireInteger('samples', samples, 1);
  requireInteger('sequenceLength', sequenceLength, 2);
  requireInteger('seed', seed, 0);
  if (kind === 'token-ids' && (sequenceLength !== undefined || seed !== undefined))
    throw refuse('token-ids brings its own sequences, so sequenceLength and seed mean nothing there; leave them out');
  return source;
}

/** Options are the `,name=value` at the end, so that a file name may hold a comma. */
function splitOptions(text: string): { head: string; options: string[] } {
  const pieces = text.split(',');
  let first = pieces.length;
  while (first > 1 && /^\s*\w+=/.test(pieces[first - 1])) first--;
  return { head: pieces.slice(0, first).join(',').trim(), options: pieces.slice(first) };
}

function parseOption(option: string): [string, number | undefined] {
  const [name, value] = option.split('=', 2).map((part) => part.trim());
  if (!optionNames.some((known) => known === name)) throw unknownName('option', name, optionNames);
  if (name === 'seed' && value === 'first') return [name, undefined];
  // An empty value would read as 0.
  return [name, value === '' ? NaN : Number(value)];
}

function requireInteger(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  throw refuse(`${name} should be an integer from ${least}, but it is ${value}; give one or leave it out`);
}

function unknownName(what: string, name: string, known: readonly string[]): LowbitError {
  const near = nearestName(name, known);
  const cure = near === undefined ? '' : `; did you mean ${near}`;
  return refuse(`A calibration ${what} is one of ${known.join(', ')}, but "${name}" came${cure}`);
}

function refuse(sentence: string): LowbitError {
  return new LowbitError('CALIBRATION_SOURCE', `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`);
}
