import type { RowVerdict, Verdict } from '@lowbit/core';

/** How a verdict is written: never by its colour alone. */
export interface VerdictMark {
  sign: string;
  word: string;
  /** Of the style sheet; those without a sense are grey. */
  sense: 'better' | 'worse' | 'near';
}

/** In order of alarm. */
export const verdictMarks: Readonly<Record<Verdict, VerdictMark>> = {
  worse: { sign: '▼', word: 'worse', sense: 'worse' },
  failed: { sign: '✕', word: 'failed', sense: 'worse' },
  incomparable: { sign: '≠', word: 'incomparable', sense: 'worse' },
  gone: { sign: '−', word: 'gone', sense: 'near' },
  new: { sign: '+', word: 'new', sense: 'near' },
  improved: { sign: '▲', word: 'improved', sense: 'better' },
  same: { sign: '=', word: 'same', sense: 'near' },
};

const order = Object.keys(verdictMarks) as Verdict[];

/** Place in the order of alarm, 0 the most alarming. */
export function rankVerdict(verdict: Verdict): number {
  return order.indexOf(verdict);
}

export type VerdictCounts = Readonly<Record<Verdict, number>>;

export function countVerdicts(rows: readonly Pick<RowVerdict, 'verdict'>[]): Record<Verdict, number> {
  const counts = { worse: 0, failed: 0, incomparable: 0, gone: 0, new: 0, improved: 0, same: 0 };
  for (const { verdict } of rows) counts[verdict]++;
  return counts;
}

/** `2 worse, 1 incomparable of 48.` */
export function describeCounts(counts: VerdictCounts): string {
  const total = totalOf(counts);
  if (total === 0) return 'No figures to compare.';
  if (counts.same === total) return total === 1 ? 'The one figure is the same.' : `All ${total} figures are the same.`;
  const parts = order.filter((verdict) => verdict !== 'same' && counts[verdict] > 0);
  return `${parts.map((verdict) => `${counts[verdict]} ${verdictMarks[verdict].word}`).join(', ')} of ${total}.`;
}

/** The same in pieces, each with its mark; empty where all is the same. */
export function listCounts(counts: VerdictCounts): (VerdictMark & { count: number })[] {
  return order
    .filter((verdict) => verdict !== 'same' && counts[verdict] > 0)
    .map((verdict) => ({ ...verdictMarks[verdict], count: counts[verdict] }));
}

export function totalOf(counts: VerdictCounts): number {
  return order.reduce((sum, verdict) => sum + counts[verdict], 0);
}
