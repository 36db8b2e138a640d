import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { encodeRequests, loadKernels, openSubject, openTokenizer, scoreTask } from '@lowbit/core';
import t from 'tap';
import { data, findTask, modelFolder } from './golden.js';

// Generation on SmolLM2.
const kernels = await loadKernels();
const device = { name: 'cpu', threads: 2 };
const gsm8k = findTask('gsm8k');

t.test('all documents of gsm8k', async (t) => {
  const tokenizer = await openTokenizer(modelFolder);
  const docs = await gsm8k.documents(data);
  t.equal(docs.length, 1319);
  const requests = docs.flatMap((doc) => gsm8k.requests(doc));
  const prompts = requests.map((request) => (request.kind === 'generate' ? request.prompt : ''));
  // The harness's template over the same rows, as JSON.
  t.equal(
    createHash('sha256').update(JSON.stringify(prompts)).digest('hex'),
    '6c5fb3ff8be2bf00f393f9c149414645283b2df29f06d7a4b9b0f3e8f93ae14c',
  );
  const encoded = encodeRequests(requests, { tokenizer, contextLength: 8192 });
  t.ok(encoded.every(({ lost, sequences }) => lost === 0 && sequences.length === 1));
  for (const doc of docs) {
    const [right, wrong] = [answerOf(doc), `${answerOf(doc)}\n#### 123456789`].map((text) =>
      gsm8k.score(doc, [{ kind: 'generate', text, tokens: 1, finish: 'stop' }]),
    );
    if (right['exactMatch,strict-match'] !== 1 || right['exactMatch,flexible-extract'] !== 1) t.fail(answerOf(doc));
    if (wrong['exactMatch,flexible-extract'] !== 0) t.fail(answerOf(doc));
  }
});

function answerOf(doc: unknown): string {
  return String(Reflect.get(Object(doc), 'answer'));
}

t.test('texts of the first documents', async (t) => {
  const subject = await openSubject(modelFolder, { kernels, device, workFolder: tmpdir(), maxLength: 1024 });
  const tokenizer = await subject.tokenizer();
  const { samples } = await scoreTask(gsm8k, { tokenizer, scorer: subject.scorer, data, limit: 2, fewShot: 0 });
  // As lm-evaluation-harness 0.4.13 has them (transformers 4.57.6, float32).
  t.match(samples, [
    { results: [{ text: ' 16 * 3 = 48\n\nThe answer is: 48', finish: 'stop' }] },
    { results: [{ text: ' 2 * 2 = 4 bolts of blue fiber.', finish: 'stop' }] },
  ]);
  await subject.release();
});

t.test('keys in texts of 256 to 1,024 tokens', async (t) => {
  const subject = await openSubject(modelFolder, { kernels, device, workFolder: tmpdir(), maxLength: 1024 });
  const retrieval = findTask('retrieval');
  const short = { ...retrieval, documents: async () => (await retrieval.documents(data)).slice(0, 15) };
  const { values } = await scoreTask(short, {
    tokenizer: await subject.tokenizer(),
    scorer: subject.scorer,
    data,
    limit: 2,
  });
  t.match(values, [{ metric: 'acc', n: 6 }]);
  t.ok(values[0].value > 0.5, `${values[0].value}: this model finds most of them`);
  await subject.release();
});
