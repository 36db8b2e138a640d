/**
 * What Python's `str.strip` and `\s` take for white space, as a character class for `RegExp`. JavaScript's own set
 * lacks U+001C to U+001F and U+0085 and has U+FEFF, and the reference harness counts words and spaces in Python.
 */
export const pythonSpace = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

const isSpace = new RegExp(pythonSpace);
const spaceRun = new RegExp(`${pythonSpace}+`);

/** Python's `text.rstrip()`. A loop, because a regular expression would try each inner run of spaces again. */
export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Python's `text.lstrip()`. */
export function stripStart(text: string): string {
  let start = 0;
  while (start < text.length && isSpace.test(text.charAt(start))) start++;
  return text.slice(start);
}

/** Python's `text.strip()`. */
export function strip(text: string): string {
  return stripEnd(stripStart(text));
}

/**
 * Python's `text.capitalize()`: the first letter large, all others small. A letter that is two when large keeps the second
 * small, as in title case; the few letters with a title case of their own (digraphs such as U+01C6, Georgian, Greek with
 * iota) come out in upper case.
 */
export function capitalize(text: string): string {
  const [first = '', ...rest] = text;
  const [large = '', ...more] = first.toUpperCase();
  return large + [...more, ...rest].join('').toLowerCase();
}

/** Python's `re.split(r"\s+", text)`: leading or trailing space gives an empty first or last piece. */
export function splitAtSpace(text: string): string[] {
  return text.split(spaceRun);
}

/** Python's `len(text)`: code points, not UTF-16 units. */
export function codePointLength(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
