import {
  encodeAhead,
  encodeRequests,
  endEncodeThread,
  hashTokenIds,
  openTokenizer,
  packSequences,
  promptTask,
} from '@lowbit/core';
import t from 'tap';
import { data, findTask, tokenizerFolder } from './golden.js';

const mmlu = findTask('mmlu');

t.test('the official rows, and the first prompt as the recipe in the data notes writes it', async (t) => {
  const docs = await mmlu.documents(data);
  t.equal(docs.length, 14042);
  t.equal((await mmlu.fewShot?.documents(data))?.length, 285);
  t.equal(new Set(docs.map((doc) => mmlu.subset?.(doc))).size, 57);
  const [requests] = await promptTask(mmlu, docs, { data });
  const question = (text: string, choices: string[], answer: string): string =>
    `${text}\n${choices.map((choice, index) => `${'ABCD'[index]}. ${choice}\n`).join('')}Answer:${answer}`;
  const truth = ['True, True', 'False, False', 'True, False', 'False, True'];
  const context = [
    'The following are multiple choice questions (with answers) about abstract algebra.\n\n',
    question('Find all c in Z_3 such that Z_3[x]/(x^2 + c) is a field.', ['0', '1', '2', '3'], ' B\n\n'),
    question(
      'Statement 1 | If aH is an element of a factor group, then |aH| divides |a|. Statement 2 | If H and K are subgroups of G then HK is a subgroup of G.',
      truth,
      ' B\n\n',
    ),
    question(
      'Statement 1 | Every element of a group generates a cyclic subgroup of the group. Statement 2 | The symmetric group S_10 has 10 elements.',
      truth,
      ' C\n\n',
    ),
    question(
      'Statement 1| Every function from a finite set onto itself must be one to one. Statement 2 | Every subgroup of an abelian group is abelian.',
      truth,
      ' A\n\n',
    ),
    question('Find the characteristic of the ring 2Z.', ['0', '3', '12', '30'], ' A\n\n'),
    question(
      'Find the degree for the given field extension Q(sqrt(2), sqrt(3), sqrt(18)) over Q.',
      ['0', '4', '2', '6'],
      '',
    ),
  ].join('');
  t.strictSame(
    requests,
    [' A', ' B', ' C', ' D'].map((continuation) => ({ kind: 'logLikelihood', context, continuation })),
  );
});

t.test('encoded in chunks beside scoring: the same ids, and few prefixes computed again', async (t) => {
  const docs = (await mmlu.documents(data)).slice(0, 700);
  const requests = (await promptTask(mmlu, docs, { data })).flat();
  const pairs = requests.flatMap((request) => (request.kind === 'logLikelihood' ? [request] : []));
  const tokenizer = await openTokenizer(tokenizerFolder);
  const options = { tokenizer, contextLength: 8192 };
  const chunks = [];
  for await (const chunk of encodeAhead(pairs, options)) chunks.push(chunk.requests.map(({ sequences: [own] }) => own));
  await endEncodeThread(tokenizer);
  const whole = encodeRequests(pairs, options).map(({ sequences: [own] }) => own);
  t.ok(chunks.length >= 3, `${chunks.length} chunks`);
  t.equal(hashTokenIds(chunks.flat().map(({ ids }) => ids)), hashTokenIds(whole.map(({ ids }) => ids)));
  const computed = chunks.reduce((sum, chunk) => sum + packSequences(chunk).computedTokens, 0);
  const share = computed / packSequences(whole).necessaryTokens;
  t.ok(share < 1.05, `${share} tokens computed for each distinct one`);
  t.comment(`${share} tokens computed for each distinct one`);
});
