import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AutoTokenizer } from '@huggingface/transformers';
import t from 'tap';
import { encodeLlama2c } from '../test/llama2c-encoder.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = `${root}/models/stories260k`;
const shared = `${root}/../shared`;
const checkpoint = `${shared}/models/stories260K/stories260K.bin`;
const vocabulary = `${shared}/models/stories260K/tok512.bin`;
const sample = `${shared}/data/calib/tiny.utf8`;

t.test('the converter makes the committed files, byte for byte', async (t) => {
  const output = t.testdir();
  execFileSync(process.execPath, [`${root}/scripts/convert-stories260k.mjs`, checkpoint, vocabulary, output]);
  execFileSync(process.execPath, [`${root}/scripts/cut-stories.mjs`, sample, `${output}/stories.txt`]);
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json', 'stories.txt']) {
    t.ok(readFileSync(`${output}/${name}`).equals(readFileSync(`${folder}/${name}`)), name);
  }
});

t.test('200 kB of stories are encoded as llama2.c does with the scores of its own file', async (t) => {
  const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true });
  const tokens = readTokens(readFileSync(vocabulary));
  const text = readFileSync(sample).subarray(0, 200_000).toString('utf8');
  const pieces = text.split('<|endoftext|>');
  t.ok(pieces.length > 200);
  for (const [i, piece] of pieces.entries()) {
    t.strictSame(tokenizer.encode(piece), encodeLlama2c(piece, tokens), `piece ${i}`);
  }
});

// int32 longest token, then per token float32 score, int32 length, bytes.
function readTokens(file: Buffer): { text: string; score: number }[] {
  const tokens = [];
  for (let offset = 4; offset < file.length;) {
    const end = offset + 8 + file.readInt32LE(offset + 4);
    tokens.push({ text: file.toString('utf8', offset + 8, end), score: file.readFloatLE(offset) });
    offset = end;
  }
  return tokens;
}
