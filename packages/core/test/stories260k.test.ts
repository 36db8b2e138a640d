import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AutoTokenizer } from '@huggingface/transformers';
import t from 'tap';
import { encodeLlama2c } from './llama2c-encoder.js';

const folder = fileURLToPath(new URL('../../../models/stories260k', import.meta.url));
const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true });

// tok512.bin holds 3 special tokens, 256 bytes and then the pieces, best score first, 0, -1, -2 ...: the id gives the
// score. test-real compares with the scores of the file itself.
const vocabulary = JSON.parse(readFileSync(`${folder}/tokenizer.json`, 'utf8')).model.vocab as Record<string, number>;
const FIRST_PIECE = 259;
const tokens = Object.entries(vocabulary)
  .sort(([, a], [, b]) => a - b)
  .map(([text, id]) => ({ text, score: Math.min(0, FIRST_PIECE - id) }));

const sentences = [
  '',
  ' ',
  'a',
  'Once upon a time, there was a little girl named Lily.',
  '"Mom, can you share it with me?" asked Tim.\nHis mom smiled.\n\n',
  'llllll eeeee aaaaa ooooo ssssss',
  '  two  spaces   three ',
  'UPPER CASE AND 0123456789',
  'tabs\tand\r\nline ends',
  'caf\u00e9 na\u00efve \u2013 \u201cquoted\u201d \u2026',
  '\u65e5\u672c\u8a9e and \u{1f600} have no tokens of their own',
  'a literal \u2581 and <0x0A> are plain text',
  'to the other side, but she did not want to go there anymore.',
];

t.equal(tokens.length, 512);
for (const sentence of sentences) {
  t.test(JSON.stringify(sentence), async (t) => {
    t.strictSame(tokenizer.encode(sentence), encodeLlama2c(sentence, tokens));
    t.equal(tokenizer.decode(tokenizer.encode(sentence), { skip_special_tokens: true }), sentence);
  });
}

t.test('a sequence whose ids are known from llama2.c', async (t) => {
  t.strictSame(tokenizer.encode('Once upon a time'), [1, 403, 407, 261, 378]);
});

t.test('the first forty stories have the token count of the smoke reference', async (t) => {
  const stories = readFileSync(`${folder}/stories.txt`, 'utf8').trimEnd().split('\n<|endoftext|>\n');
  t.equal(stories.length, 100);
  const predicted = stories.slice(0, 40).map((story) => Math.min(512, tokenizer.encode(story).length) - 1);
  t.equal(
    predicted.reduce((sum, count) => sum + count, 0),
    12571,
  );
});
