import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { checkTokenizer, openTokenizer, readDecoder } from '@lowbit/core';
import t from 'tap';

const shared = fileURLToPath(new URL('../../../../../shared', import.meta.url));
const model = `${shared}/models/SmolLM2-135M-Instruct`;

/** WikiText-2 as the papers join it (data/README.md, "Perplexity"): blank lines empty, two newlines between lines. */
async function joinedWikitext(split: string): Promise<string> {
  const lines = (await readFile(`${shared}/data/wikitext2/wiki.${split}.raw`, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => (line.trim() === '' ? '' : `${line}\n`)).join('\n\n');
}

const hashIds = (ids: Int32Array): string => createHash('sha256').update(new Uint8Array(ids.buffer)).digest('hex');

t.test('SmolLM2 encodes all of WikiText-2 to the ids of the golden file', async (t) => {
  const tokenizer = await openTokenizer(model);
  const { tokenIds } = JSON.parse(await readFile(`${shared}/reference/golden/perplexity.json`, 'utf8'));
  const text = await joinedWikitext('test');
  t.equal(Buffer.byteLength(text), 1_296_370, 'as data/README.md says');
  const before = process.cpuUsage();
  const ids = tokenizer.encode(text, { special: true });
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  t.equal(ids.length, tokenIds.test.count);
  t.equal(hashIds(ids), tokenIds.test.sha256);
  // 1.5 s of processor time, whatever else runs; the limit only has to tell linear from quadratic.
  t.ok(seconds < 15, `${seconds.toFixed(1)} s`);
  // Its pre-tokenizer cuts off numbers that are no digits; without that two ids are missing here.
  const valid = tokenizer.encode(await joinedWikitext('valid'), { special: true });
  t.equal(valid.length, tokenIds.calibration.count);
  t.equal(hashIds(valid), tokenIds.calibration.sha256);
  t.match(tokenizer, { bosId: 1, eosId: 2, vocabSize: 49152, addsBos: false });
});

t.test('a tokenizer of another model is refused', async (t) => {
  const story = `${shared}/models/TinyStories-656K`;
  const config = JSON.parse(await readFile(`${story}/config.json`, 'utf8'));
  const decoder = readDecoder(config, new Set(), 'config.json');
  const own = await openTokenizer(story);
  checkTokenizer(own, decoder);
  t.match(own, { bosId: 1, eosId: 2, vocabSize: 2048, addsBos: true });
  const smol = await openTokenizer(model);
  t.throws(() => checkTokenizer(smol, decoder), { code: 'TOKENIZER_MISMATCH', message: /2048, .* 49151/ });
});
