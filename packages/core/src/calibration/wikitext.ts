import { strip } from '../scoring/python-text.js';
import { splitLines } from '../task-data.js';

/**
 * A raw WikiText file as the papers join it: its lines are the rows of the Hugging Face data set, blank ones empty, the
 * others with their spaces and line feed; joined by a blank line. (GPTQ's data loader, and all that follow it.)
 */
export function joinWikitext(raw: string): string {
  return splitLines(raw)
    .map((line) => (strip(line) === '' ? '' : `${line}\n`))
    .join('\n\n');
}
