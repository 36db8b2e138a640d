import { splitAtSpace, strip } from '@lowbit/core';
import type { Row } from './rows.js';
import { superGlue } from './super-glue.js';

export const wsc = superGlue(
  {
    name: 'wsc',
    description: 'Whether a pronoun refers to a noun, in pairs of sentences that differ in a word (validation split)',
    source: 'Levesque et al. 2012; lm-evaluation-harness wsc 1.0 (rows of `wsc.fixed`)',
  },
  'WSC',
  (row) => {
    const text = row.text('text');
    const spans = row.object('target');
    const [noun, pronoun] = [fixSpan(row, text, spans, 'span1'), fixSpan(row, text, spans, 'span2')];
    return {
      contexts: [
        `Passage: ${markPronoun(text, spans.integer('span2_index'), pronoun)}\nQuestion: In the passage above, does the pronoun "*${pronoun}*" refer to "*${noun}*"?\nAnswer:`,
      ],
      choices: ['no', 'yes'],
      target: row.indexIn('label', [false, true]),
    };
  },
);

/** What `wsc.fixed` does to a span that is not in the text as it stands: the case of its first letter, no final period. */
function fixSpan(row: Row, text: string, spans: Row, key: 'span1' | 'span2'): string {
  const span = spans.text(`${key}_text`);
  const index = spans.integer(`${key}_index`);
  const word = splitAtSpace(strip(text))[index];
  if (span === '' || word === undefined) return row.fail(`target.${key} is not in the text`);
  if (text.includes(span)) return span;
  const [first = '', ...rest] = span;
  const isLower = word.charAt(0) !== word.charAt(0).toUpperCase();
  const fixed = `${isLower ? first.toLowerCase() : first.toUpperCase()}${rest.join('')}`
    .replace(/\.+$/, '')
    .replaceAll('\n', ' ');
  return text.includes(fixed) ? fixed : row.fail(`target.${key}_text is not in the text`);
}

/** The text with `*him*` for the word at `index`, spaces before punctuation undone. Lengths count code points. */
function markPronoun(text: string, index: number, pronoun: string): string {
  const before = splitAtSpace(strip(text)).slice(0, index).join(' ');
  const after = [...text].slice([...before].length + [...pronoun].length + 1).join('');
  return `${before} *${pronoun}*${after}`
    .replaceAll(" n't", "n't")
    .replaceAll(' )', ')')
    .replaceAll('( ', '(')
    .replaceAll('" ', '"')
    .replaceAll(' "', '"')
    .replace(/ (['.,])/g, '$1');
}
