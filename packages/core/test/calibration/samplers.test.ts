import {
  createToyTokenizer,
  hashTokenIds,
  joinWikitext,
  openDataFolder,
  parseCalibration,
  PythonRandom,
  sampleCalibration,
} from '@lowbit/core';
import t from 'tap';

const tokenizer = createToyTokenizer({ addsBos: true });
const encode = (text: string): Int32Array => tokenizer.encode(text, { special: true });
const wikitext = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? ' \n' : ` line ${i} of the text \n`)).join('');
const docs = ['short', 'a'.repeat(50), 'x'.repeat(15), 'b'.repeat(30)];

const folder = t.testdir({
  valid: { wikitext2: { 'wiki.valid.raw': wikitext }, calib: { 'c4.utf8': docs.join('\n') } },
  both: { wikitext2: { 'wiki.valid.raw': wikitext, 'wiki.train.raw': ` train \n${wikitext}` } },
  'plain.txt': ' plain text of thirty-two letters ',
  'stories.txt': 'One.\n<|endoftext|>\nTwo two.\n<|endoftext|>\n',
  'ids.json': '[[1, 2, 3], [4, 5], [6]]',
  'bad.json': '[[1, 300]]',
});
const context = { tokenizer, data: openDataFolder(`${folder}/valid`) };
const sample = (text: string, more = {}) => sampleCalibration(parseCalibration(text), { ...context, ...more });

t.test('wikitext2: the first windows of the joined text, and a record of them', async (t) => {
  const ids = encode(joinWikitext(wikitext));
  const { sequences, record } = await sample('wikitext2,samples=3,sequenceLength=16');
  t.strictSame(sequences, [ids.slice(0, 16), ids.slice(16, 32), ids.slice(32, 48)]);
  t.strictSame(record, {
    source: 'wikitext2 (wikitext2/wiki.valid.raw)',
    samples: 3,
    sequenceLength: 16,
    tokens: 48,
    seed: undefined,
    tokenSha256: hashTokenIds([ids.slice(0, 48)]),
  });
});

t.test("wikitext2 with a seed: GPTQ's offsets, from the train split where it is", async (t) => {
  const ids = encode(joinWikitext(` train \n${wikitext}`));
  const random = new PythonRandom(7);
  const expected = Array.from({ length: 4 }, () => {
    const offset = random.randint(0, ids.length - 16 - 1);
    return ids.slice(offset, offset + 16);
  });
  const { sequences, record } = await sample('wikitext2,samples=4,sequenceLength=16,seed=7', {
    data: openDataFolder(`${folder}/both`),
  });
  t.strictSame(sequences, expected);
  t.match(record, { source: 'wikitext2 (wikitext2/wiki.train.raw)', seed: 7 });
});

t.test("c4: documents end to end, or GPTQ's draws from those that are long enough", async (t) => {
  const encoded = docs.map(encode);
  const stream = Int32Array.of(...encoded.flatMap((doc) => [...doc]));
  const first = await sample('c4,samples=2,sequenceLength=16');
  t.strictSame(first.sequences, [stream.slice(0, 16), stream.slice(16, 32)]);
  const random = new PythonRandom(1);
  const expected = Array.from({ length: 6 }, () => {
    let doc = encoded[random.randint(0, 3)];
    while (doc.length <= 16) doc = encoded[random.randint(0, 3)];
    const offset = random.randint(0, doc.length - 17);
    return doc.slice(offset, offset + 16);
  });
  const drawn = await sample('c4,samples=6,sequenceLength=16,seed=1');
  t.strictSame(drawn.sequences, expected);
  t.equal(encoded[2].length, 16, 'a document of exactly one window is among them');
});

t.test('text: one document as it is, or several separated by end marks', async (t) => {
  const plain = await sample(`text:${folder}/plain.txt,samples=1,sequenceLength=32`);
  t.strictSame(plain.sequences, [encode(' plain text of thirty-two letters ').slice(0, 32)]);
  const stories = await sample(`text:${folder}/stories.txt,samples=1,sequenceLength=14`);
  t.strictSame(stories.sequences, [Int32Array.of(...encode('One.'), ...encode('Two two.'))]);
  t.equal(stories.record.source, `text (${folder}/stories.txt)`);
  await t.rejects(sample('text:nowhere.txt'), { code: 'CALIBRATION_SOURCE', message: /nowhere\.txt.*ENOENT/ });
});

t.test('token-ids: the sequences as they are, or the first of them; no tokenizer is needed', async (t) => {
  const data = context.data;
  const all = await sampleCalibration({ kind: 'token-ids', file: `${folder}/ids.json` }, { data, vocabSize: 7 });
  t.strictSame(all.sequences, [Int32Array.of(1, 2, 3), Int32Array.of(4, 5), Int32Array.of(6)]);
  t.match(all.record, { samples: 3, sequenceLength: 3, tokens: 6 });
  t.equal((await sample(`token-ids:${folder}/ids.json,samples=1`)).sequences.length, 1);
  await t.rejects(sample(`token-ids:${folder}/ids.json,samples=4`), { code: 'CALIBRATION_SHORT', message: /has 3/ });
  await t.rejects(sample(`token-ids:${folder}/bad.json`), { code: 'TOKEN_IDS', message: /has 300/ });
  await t.rejects(sample(`token-ids:${folder}/ids.json`, { vocabSize: 5 }), {
    code: 'TOKEN_IDS',
    message: /has 5 as id 1/,
  });
  await t.rejects(sampleCalibration({ kind: 'token-ids' }, { data }), { code: 'CALIBRATION_SOURCE' });
});

t.test('without numbers: 128 windows or what there is, of 2048 tokens or what the model holds', async (t) => {
  const tokens = encode(joinWikitext(wikitext)).length;
  const { record } = await sample('wikitext2', { contextLength: 100 });
  t.match(record, { samples: Math.floor(tokens / 100), sequenceLength: 100 });
  t.equal((await sample('wikitext2,seed=0', { contextLength: 4 })).record.samples, 128);
});

t.test('too little text, too long a sequence, no tokenizer', async (t) => {
  const short = { code: 'CALIBRATION_SHORT' };
  await t.rejects(sample('wikitext2'), short);
  await t.rejects(sample('wikitext2,seed=0'), short);
  await t.rejects(sample('wikitext2,samples=9999,sequenceLength=16'), { ...short, message: /9999 x 16 tokens/ });
  await t.rejects(sample('c4,sequenceLength=51,seed=0'), { ...short, message: /longest of 4 has 51/ });
  await t.rejects(sample('wikitext2,sequenceLength=200', { contextLength: 100 }), { code: 'CALIBRATION_SOURCE' });
  await t.rejects(sample('wikitext2', { tokenizer: undefined }), { code: 'CALIBRATION_SOURCE', message: /tokenizer/ });
  await t.rejects(sample(`token-ids:${folder}/ids.json`, { contextLength: 2 }), { code: 'CALIBRATION_SOURCE' });
});

t.test('the join of the papers: blank lines empty, others with their line feed, a blank line between', async (t) => {
  t.equal(joinWikitext(' \n = A = \n \n text \n'), '\n\n = A = \n\n\n\n\n text \n');
});
