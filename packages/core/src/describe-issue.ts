import type { z } from 'zod';
import { LowbitError, nearestName } from './errors.js';

const typeNames: Partial<Record<string, string>> = {
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
};

/** What a sentence about a value that did not fit ends with: what to do. */
export function describeCure(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'correct it';
  if (issue.code === 'too_small') return `use at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `use at most ${issue.maximum}`;
  if (issue.code === 'invalid_type') return `use ${typeNames[issue.expected] ?? issue.expected}`;
  return `${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
}

/** The first fault of a file as one sentence, with the nearest of its `keys` where one is unknown. */
export function describeIssue(error: z.ZodError, value: unknown, file: string, keys: readonly string[]): LowbitError {
  const issue = deepest(error.issues[0]);
  const path = issue?.path.map(String) ?? [];
  const place = path.length === 0 ? file : `'${path.join('.')}' of ${file}`;
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const near = path.length === 0 ? nearestName(key, keys) : undefined;
    const known = path.length === 0 ? `; the keys are ${keys.join(', ')}` : '; leave it out';
    const cure = near === undefined ? known : `; did you mean '${near}'?`;
    return new LowbitError('EXPERIMENT_OPTION', `Expected only known keys in ${place}, got '${key}'${cure}`);
  }
  const came = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value);
  const shown = came === undefined ? 'nothing' : JSON.stringify(came).slice(0, 60);
  return new LowbitError(
    'EXPERIMENT_OPTION',
    `Expected a valid value at ${place}, got ${shown}; ${describeCure(issue)}.`,
  );
}

type Issue = z.core.$ZodIssue;

/** Of a union, the branch that the value got furthest into: its fault is the one that was meant. */
function deepest(issue: Issue | undefined): Issue | undefined {
  if (issue?.code !== 'invalid_union') return issue;
  const branches = issue.errors.map((branch) => deepest(branch[0])).filter((each) => each !== undefined);
  const rank = (each: Issue): number => each.path.length * 2 + Number(each.code === 'unrecognized_keys');
  const best = branches.sort((a, b) => rank(b) - rank(a))[0];
  return best === undefined || rank(best) === 0 ? issue : { ...best, path: [...issue.path, ...best.path] };
}
