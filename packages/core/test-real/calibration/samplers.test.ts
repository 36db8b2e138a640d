import {
  cutWindows,
  hashTokenIds,
  joinWikitext,
  openDataFolder,
  openTokenizer,
  parseCalibration,
  parseTokenIds,
  sampleCalibration,
} from '@lowbit/core';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const shared = fileURLToPath(new URL('../../../../../shared', import.meta.url));
const data = openDataFolder(`${shared}/data`);
const tokenizer = await openTokenizer(`${shared}/models/SmolLM2-135M-Instruct`);
const golden = JSON.parse(readFileSync(`${shared}/reference/golden/perplexity.json`, 'utf8')).tokenIds;
const sample = (text: string) => sampleCalibration(parseCalibration(text), { tokenizer, data, contextLength: 8192 });

t.test('the joined texts of WikiText-2 have the golden tokens', async (t) => {
  const encode = async (file: string): Promise<Int32Array> =>
    tokenizer.encode(joinWikitext(await data.readText(file)), { special: true });
  const test = await encode('wikitext2/wiki.test.raw');
  t.equal(test.length, golden.test.count);
  t.equal(cutWindows(test, 2048).length, golden.test.windows);
  t.equal(hashTokenIds([test]), golden.test.sha256);
  const valid = await encode('wikitext2/wiki.valid.raw');
  t.equal(valid.length, golden.calibration.count);
  t.equal(hashTokenIds([valid]), golden.calibration.sha256);
});

t.test('the first 32 x 512 tokens are the golden calibration', async (t) => {
  const file = `${shared}/reference/golden/calibration.json`;
  const expected = parseTokenIds(readFileSync(file, 'utf8'), file, tokenizer.vocabSize);
  const { sequences, record } = await sample('wikitext2,samples=32,sequenceLength=512');
  t.strictSame(sequences, expected);
  t.match(record, { samples: 32, sequenceLength: 512, tokens: 16384, source: 'wikitext2 (wikitext2/wiki.valid.raw)' });
  const given = await sample(`token-ids:${file}`);
  t.equal(given.record.tokenSha256, record.tokenSha256);
});

// Hashes: GPTQ's loops over Python's random and transformers 4.57.6's tokenizer on the same files, run for this test.
t.test("seeded draws are those of GPTQ's samplers", async (t) => {
  const wikitext = await sample('wikitext2,samples=128,sequenceLength=2048,seed=0');
  t.equal(wikitext.record.tokenSha256, 'd191cebad5ce2263f7a5cd60656e7a9b880a46f898c227af1f07aa5121019f5e');
  const c4 = await sample('c4,samples=32,sequenceLength=512,seed=3');
  t.equal(c4.record.tokenSha256, '9ae25e8e62018f2be72a7a8951123e53f16387aab89f449822619fd4050a6e19');
});
