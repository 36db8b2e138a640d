import type { z } from 'zod';

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
