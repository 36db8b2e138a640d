// usage: node scripts/cut-stories.mjs tiny.utf8 OUTPUT_FILE
// Made models/stories260k/stories.txt: the first whole stories of a TinyStories sample, pure ASCII, separated by lines
// "<|endoftext|>". Stories of up to 200 characters and stories that stop in the middle of a sentence are left out.
import { readFileSync, writeFileSync } from 'node:fs';

const STORIES = 100;
const SEPARATOR = '<|endoftext|>';

const [input, output] = process.argv.slice(2);
if (!output) {
  console.error('usage: node scripts/cut-stories.mjs tiny.utf8 OUTPUT_FILE');
  process.exit(2);
}
const stories = readFileSync(input, 'utf8')
  .split(SEPARATOR)
  .map((story) => story.trim())
  .filter((story) => story.length > 200 && /^[\n\x20-\x7e]*$/.test(story) && /([.!?]"?|The End)$/i.test(story))
  .slice(0, STORIES);
writeFileSync(output, stories.join(`\n${SEPARATOR}\n`) + '\n');
