import { defineTask, estimatePerplexity, estimateRatio, splitAtSpace, strip, type RollingResult } from '@lowbit/core';
import { detokenizeWikitext } from './detokenize-wikitext.js';

const file = 'wikitext2/wiki.test.raw';

/** lm-evaluation-harness's `wikitext`: each page scored whole, losses shared out over its words or bytes. */
export const wikitext = defineTask<string>({
  name: 'wikitext',
  version: '1',
  description: 'WikiText-2 by page, per word and byte of the page before detokenizing (raw test split)',
  source: 'Merity et al. 2016; lm-evaluation-harness wikitext 2.0',
  metrics: [
    {
      ...{ name: 'wordPerplexity', higherIsBetter: false, protocol: 'wordPpl/lm-eval' },
      comparison: { test: 'bootstrap', score: 'logprob', weight: 'words', scale: 'perplexity' },
    },
    {
      ...{ name: 'bytePerplexity', higherIsBetter: false, protocol: 'bytePpl/lm-eval' },
      comparison: { test: 'bootstrap', score: 'logprob', weight: 'bytes', scale: 'perplexity' },
    },
    {
      ...{ name: 'bitsPerByte', higherIsBetter: false, protocol: 'bitsPerByte/lm-eval' },
      comparison: { test: 'bootstrap', score: 'logprob', weight: 'bytes', scale: 'bits' },
    },
  ],
  files: [file],
  documents: async (data) => splitPages(await data.readText(file)),
  requests: (page) => [{ kind: 'rolling', text: detokenizeWikitext(page) }],
  score(page, results) {
    const [{ logprob }] = results.filter((result): result is RollingResult => result.kind === 'rolling');
    // Words and bytes are the original page's, not those of the detokenized text that was scored.
    return { logprob, words: splitAtSpace(page).length, bytes: Buffer.byteLength(page) };
  },
  aggregate(scores) {
    const n = scores.length;
    const column = (name: string): number[] => scores.map((score) => score[name]);
    const losses = column('logprob').map((logprob) => -logprob);
    const perByte = estimateRatio(losses, column('bytes'));
    return [
      { metric: 'wordPerplexity', ...estimatePerplexity(losses, column('words')), n },
      { metric: 'bytePerplexity', ...estimatePerplexity(losses, column('bytes')), n },
      { metric: 'bitsPerByte', value: perByte.value / Math.LN2, stderr: scale(perByte.stderr, 1 / Math.LN2), n },
    ];
  },
});

/**
 * Pages begin at level-1 headings, `= Title =`. What precedes the first heading is a page only if it is not blank.
 * Lines keep their line feeds, so that the pages add up to the file.
 */
export function splitPages(raw: string): string[] {
  const pages: string[] = [];
  let page = '';
  for (const line of raw.split(/(?<=\n)/)) {
    if (isPageHeading(line)) {
      if (strip(page) !== '') pages.push(page);
      page = '';
    }
    page += line;
  }
  if (strip(page) !== '') pages.push(page);
  return pages;
}

/** Deeper headings, `= = Title = =`, lose their inner spaces first and so do not look like one. */
function isPageHeading(line: string): boolean {
  const heading = strip(line.replaceAll('= = =', '===').replaceAll('= =', '=='));
  return heading.startsWith('= ') && heading.endsWith(' =');
}

function scale(stderr: number | undefined, factor: number): number | undefined {
  return stderr === undefined ? undefined : stderr * factor;
}
