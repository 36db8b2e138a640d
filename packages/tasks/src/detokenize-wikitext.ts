import { pythonSpace } from '@lowbit/core';

/** A rule of lm-evaluation-harness's `wikitext` 2.0, in its order: later ones see what earlier ones left. */
type Rule = [pattern: string | RegExp, replacement: string];

const space = `${pythonSpace}*`;

/** Takes the spaces from just inside a pair of marks; a pair of equal marks is the nearest two. */
function tighten(open: string, close: string): Rule {
  return [new RegExp(`\\${open}${space}([^\\${close}]*?)${space}\\${close}`, 'g'), `${open}$1${close}`];
}

const rules: Rule[] = [
  ["s '", "s'"],
  // The harness's slashes are part of its pattern, so this one never meets real text. Kept, to be equal.
  [/\/' [0-9]\//g, "/'[0-9]/"],
  ...['-', ',', '.'].map((mark): Rule => [` @${mark}@ `, mark]),
  ...[':', ';', '.', '!', '?', ','].map((mark): Rule => [` ${mark} `, `${mark} `]),
  tighten('(', ')'),
  tighten('[', ']'),
  tighten('{', '}'),
  tighten('"', '"'),
  tighten("'", "'"),
  ...['= = = =', '= = =', '= ='].map((marks): Rule => [marks, marks.replaceAll(' ', '')]),
  [' \u00b0 ', '\u00b0'],
  [' \n', '\n'],
  ['\n ', '\n'],
  [' N ', ' 1 '],
  [" 's", "'s"],
];

/** Undoes WikiText's tokenization of a page, as the harness does before it scores it. */
export function detokenizeWikitext(page: string): string {
  return rules.reduce((text, [pattern, replacement]) => text.replaceAll(pattern, replacement), page);
}
