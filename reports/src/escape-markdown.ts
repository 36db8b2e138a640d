/**
 * Text as a Markdown reader shows it, letter for letter: markup is escaped, line breaks become spaces. An underscore
 * inside a word stays, because no reader takes it for emphasis and task names are full of them.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*[\]<>|~&$!]/g, '\\$&')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replace(/^([#+=-])/, '\\$1')
    .replace(/^(\d+)([.)])(?= |$)/, '$1\\$2');
}
