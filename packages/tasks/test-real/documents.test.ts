import { encodeRequests, hashTokenIds, openTokenizer } from '@lowbit/core';
import t from 'tap';
import { data, findTask, readGolden, tokenizerFolder } from './golden.js';

const tokenizer = await openTokenizer(tokenizerFolder);

// Rows of the official files, and sha256 of the ids of all their requests: lm-evaluation-harness 0.4.13's own texts and
// its way of encoding and of rolling them, with transformers 4.57.6's tokenizer of SmolLM2; run for this test.
const expected = [
  {
    name: 'piqa',
    docs: 1838,
    tokens: 133293,
    sha256: '38d97e77fdcf484f362fb9f0e23be9c1e715f115d5b9a86666bc21365cbb07c4',
  },
  {
    name: 'arc_easy',
    docs: 2376,
    tokens: 301040,
    sha256: 'cb3c3fad74242bd945ce075dc244dd159e9be290658e78e23f52ca9555e21298',
  },
  {
    name: 'arc_challenge',
    docs: 1172,
    tokens: 173768,
    sha256: '774f64e44becba2e3eafadb184f483717199fc6486715afdbc97c6d9441c49f6',
  },
  {
    name: 'winogrande',
    docs: 1267,
    tokens: 56960,
    sha256: '7548cc356f84994cec7a0a7786372a8f1002e9b30aa4ea8a7d375a7320abeb3e',
  },
  {
    name: 'lambada_openai',
    docs: 5153,
    tokens: 420349,
    sha256: 'ce65b61d11d63417e38c6780cccb4056ec91c52ecb96a7cc1260e215d1cbc0a7',
  },
  {
    name: 'wikitext',
    docs: 62,
    tokens: 337939,
    sha256: 'a162cfb841c2844f66c931a15f507ad45e346bd50bf14593cde4d2f2b0c20741',
  },
  // From here on the texts are the harness's, built by it for every document; the ids are those of our own encoding of them.
  {
    name: 'openbookqa',
    docs: 500,
    tokens: 29908,
    sha256: '171c74f83d804c709f4e9978334e505ee86166b60b14df1a6c11ef1b5dfa5800',
  },
  {
    name: 'boolq',
    docs: 3270,
    tokens: 996810,
    sha256: 'eb985a87dc398890ebc06b245dc1541626217d6e40ef38b3500960ca73a82998',
  },
  {
    name: 'cb',
    docs: 56,
    tokens: 17460,
    sha256: '0eec40299d4686d0ca06c00c1992a192059cdcaebd994836013c912205f4600b',
  },
  {
    name: 'copa',
    docs: 100,
    tokens: 3080,
    sha256: '34b3d8f89871ea5d834a1104597082681c87a51b2dd7a5698a64b6432747b280',
  },
  {
    name: 'rte',
    docs: 277,
    tokens: 44392,
    sha256: '70bf102edf2c05c8ea6f8d0b6ae3c34ab6b931a895b82ba733164d02b75d0eb7',
  },
  {
    name: 'wic',
    docs: 638,
    tokens: 68802,
    sha256: '53f6e869a9052b3191f5ce4e78ba6a0da130b650d9454d380c0a870609520dbc',
  },
  {
    name: 'wsc',
    docs: 104,
    tokens: 14028,
    sha256: '4b8e5dac13b3fc4b55cc5beb4d7646cfe8791d88266990ddbaa50cdeaafdcc8a',
  },
  {
    name: 'truthfulqa_mc1',
    docs: 817,
    tokens: 833129,
    sha256: '9e5a69682eb7728eed70fa6172ec48f18955dfe42542dd47c4810dd6e4d84f6e',
  },
  {
    name: 'truthfulqa_mc2',
    docs: 817,
    tokens: 1234095,
    sha256: 'cb058b4d07f5e9a52fed08267116a687ae093a0fc6f9c06d8d608ab8f6492c95',
  },
  {
    name: 'lambada_standard',
    docs: 5153,
    tokens: 422906,
    sha256: '6b85dca0e0c9946f9e080bb0e61c2a75897836cb230c77a071321cdbbb9dd0fe',
  },
];

for (const { name, docs: count, tokens, sha256 } of expected)
  t.test(`${name}: every document has the tokens that the harness scores`, async (t) => {
    const task = findTask(name);
    const docs = await task.documents(data);
    t.equal(docs.length, count);
    const encoded = encodeRequests(
      docs.flatMap((doc) => task.requests(doc)),
      { tokenizer, contextLength: 8192, window: name === 'wikitext' ? 2048 : undefined },
    );
    const ids = encoded.flatMap(({ sequences }) => sequences.map((sequence) => sequence.ids));
    t.equal(
      ids.reduce((sum, { length }) => sum + length, 0),
      tokens,
    );
    t.equal(hashTokenIds(ids), sha256);
  });

for (const name of ['piqa', 'arc_easy', 'winogrande', 'lambada_openai'])
  t.test(`${name}: contexts and continuations are the golden ones`, async (t) => {
    const task = findTask(name);
    const docs = await task.documents(data);
    const shown = readGolden(name).docs.filter(({ requests }) => requests);
    t.ok(shown.length > 0);
    for (const { doc, requests } of shown)
      t.strictSame(
        task
          .requests(docs[doc])
          .map((request) =>
            request.kind === 'logLikelihood' ? [request.context.slice(-60), request.continuation] : [],
          ),
        requests,
      );
  });

t.test('wikitext: words and bytes of the pages are the golden ones', async (t) => {
  const task = findTask('wikitext');
  const docs = await task.documents(data);
  for (const { doc, words, bytes } of readGolden('wikitext').docs)
    t.match(task.score(docs[doc], [{ kind: 'rolling', logprob: 0, tokens: 1 }]), { words, bytes });
});

t.test('hellaswag_text: the rows of the text file', async (t) => {
  const task = findTask('hellaswag_text');
  const docs = await task.documents(data);
  t.equal(docs.length, 10042);
  const [first] = task.requests(docs[0]);
  t.match(first, {
    context: 'Roof shingle removal: A man is sitting on a roof. he',
    continuation: ' is using wrap to wrap a pair of skis.',
  });
  // How often each ending is the right one, as ../shared/data/README.md counts them.
  const counts = [0, 0, 0, 0];
  for (const doc of docs) counts[Number(Reflect.get(Object(doc), 'target'))]++;
  t.strictSame(counts, [2515, 2485, 2584, 2458]);
});
