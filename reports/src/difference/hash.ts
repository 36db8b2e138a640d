/** Whether a value is a digest or a commit, which is shown short. */
export function isHash(value: string): boolean {
  return /^[0-9a-f]{20,64}\+?$/.test(value);
}

/** For text, where nobody can copy what is not shown: enough of a hash to tell two apart; all else as it is. */
export function shortenHash(value: string): string {
  return isHash(value) ? value.replace(/^(.{12})[0-9a-f]*/, '$1') : value;
}
