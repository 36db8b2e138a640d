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
