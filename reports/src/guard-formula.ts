/**
 * A leading apostrophe before text that a spreadsheet would run as a formula. Text only: a number may begin with a minus.
 * Full-width signs count, because some spreadsheets read them as the plain ones.
 */
export function guardFormula(text: string): string {
  return /^[\s\u0000]*[=+\-@＝＋－＠]|^[\t\r\n]/.test(text) ? `'${text}` : text;
}
