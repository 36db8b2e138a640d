import { createHash } from 'node:crypto';
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

// The harness built the texts of every document of these; sha256 over [context, continuation] as JSON, request by request.
const texts = [
  {
    name: 'openbookqa',
    docs: 500,
    requests: 2000,
    sha256: '095010fd9136c6528882d81629d9d31251fd3f6c623ca762d9d6beca73897ac4',
  },
  {
    name: 'boolq',
    docs: 3270,
    requests: 6540,
    sha256: '8b1c1702feafcaf8d5c093302fa467d0fdc424a4b39a091a4c9bd25062308fd0',
  },
  {
    name: 'cb',
    docs: 56,
    requests: 168,
    sha256: 'c0d851ada442c653a67d83c8dd185ea83d138c5801310797351d9b2c00b341be',
  },
  {
    name: 'copa',
    docs: 100,
    requests: 200,
    sha256: '9956d7b7a3321f760759bbc1e8bcf9f2bbebf20472fe0d4fe05f990c9b5889b3',
  },
  {
    name: 'rte',
    docs: 277,
    requests: 554,
    sha256: '81d6639edccd98b8598548591b6b37624ed1fc0d2a5ac6eec36738d67f3b383f',
  },
  {
    name: 'wic',
    docs: 638,
    requests: 1276,
    sha256: '552fd9302f771e460a883ce9ce09f6144956b32cdf512e868515e13aae891ca0',
  },
  {
    name: 'wsc',
    docs: 104,
    requests: 208,
    sha256: 'd0f74c186e29eafdc184259bfdf9e18b594821f584c72aaf4bb238f248fe29de',
  },
  {
    name: 'truthfulqa_mc1',
    docs: 817,
    requests: 4186,
    sha256: '78b92385bf7daa08eb0fd8c0bcfef2e98c55aff6b2bffa8b0e206828520cf4f0',
  },
  {
    name: 'truthfulqa_mc2',
    docs: 817,
    requests: 6204,
    sha256: '07c4b3f401e63240ffcc93c666eab63e6cd2bdde048cb16e9e4e6cf1863b652f',
  },
  {
    name: 'lambada_standard',
    docs: 5153,
    requests: 5153,
    sha256: 'db69af21d943122021d03e5a41db265014de217b98f3bc9b0f942a3547b1d99a',
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

for (const { name, docs: count, requests: total, sha256 } of texts)
  t.test(`${name}: every request has the harness's text`, async (t) => {
    const task = findTask(name);
    const docs = await task.documents(data);
    t.equal(docs.length, count);
    const pairs = docs
      .flatMap((doc) => task.requests(doc))
      .flatMap((each) => (each.kind === 'logLikelihood' ? [JSON.stringify([each.context, each.continuation])] : []));
    t.equal(pairs.length, total);
    t.equal(createHash('sha256').update(pairs.join('')).digest('hex'), sha256);
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
