import { describeCounts, listCounts, totalOf, type VerdictCounts, type VerdictMark } from './verdict.js';

/** `describeCounts` with marks; `end` is a sentence behind it. */
export interface HeadlineView {
  counts: (VerdictMark & { count: number })[];
  total: number;
  /** Where nothing is to be counted. */
  text: string;
  end: string | null;
}

export function viewHeadline(counts: VerdictCounts, end?: string): HeadlineView {
  return { counts: listCounts(counts), total: totalOf(counts), text: describeCounts(counts), end: end ?? null };
}
