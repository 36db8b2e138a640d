import { openDataFolder, type RequestResult } from '@lowbit/core';
import { tasks } from '@lowbit/tasks';
import t from 'tap';
import { tinyData } from './tiny-data.js';

const [wikitext, wikitext2] = ['wikitext', 'wikitext2'].map((name) => {
  const task = tasks.find((each) => each.name === name);
  if (!task) throw new Error(`There is no task ${name}.`);
  return task;
});

/** What is scored of a file's pages. */
async function scoredTexts(raw: string): Promise<string[]> {
  const docs = await wikitext.documents({
    readText: async () => raw,
    readLines: async () => [],
    readArchive: async () => new Map(),
    has: async () => true,
  });
  return docs.flatMap((doc) => wikitext.requests(doc).map((request) => ('text' in request ? request.text : '')));
}

t.test('pages begin at level-1 headings and keep their lines', async (t) => {
  const { wikitext2: files } = tinyData();
  const docs = await wikitext.documents(openDataFolder(t.testdir(tinyData())));
  t.strictSame(docs, [
    ' = First = \n \n Some text , here . \n = = Part = = \n More @-@ text . \n',
    ' = Second = \n It is ( very ) short . \n',
  ]);
  t.equal(docs.join(''), files['wiki.test.raw'].slice(2), 'all but the blank line before the first heading');
  t.equal((await scoredTexts('text before\n = A = \n')).length, 2, 'text before the first heading is a page');
});

// Left: raw; right: what lm-evaluation-harness 0.4.13's wikitext_detokenizer makes of it (run for this test).
const detokenized: [string, string][] = [
  [
    " = A = \n It 's the players ' 1 @,@ 234 @.@ 5 well @-@ known , old : yes ; no . Go ! Why ? \n",
    " = A =\nIt's the players' 1,234.5 well-known, old: yes; no. Go! Why?\n",
  ],
  [
    ' = B = \n ( very ) [ short ] { text } ( open \n and ) " a quote " and \' another \' one \n',
    ' = B =\n(very) [short] {text} (open\nand) "a quote" and \'another\' one\n',
  ],
  [
    ' = C = \n = = Two = = \n = = = Three = = = \n = = = = Four = = = = \n 20 \u00b0 C , N times \n',
    ' = C =\n== Two ==\n=== Three ===\n==== Four ====\n20\u00b0C, 1 times\n',
  ],
  [' = D = \n see /\' 5/ and \u00a0" spaced\u2003" \n\n \n end', ' = D =\nsee /\'[0-9]/ and \u00a0"spaced"\n\n\nend'],
];

t.test('detokenizing is that of the harness', async (t) => {
  for (const [raw, text] of detokenized) t.strictSame(await scoredTexts(raw), [text]);
});

t.test('losses are shared out over words and bytes of the original page', async (t) => {
  const page = ' = A = \n one , two \u00e9 \n';
  const result: RequestResult = { kind: 'rolling', logprob: -18, tokens: 6 };
  const scores = wikitext.score(page, [result]);
  // The empty pieces at both ends count, as len(re.split(r"\s+", page)) does.
  t.strictSame(scores, { logprob: -18, words: 9, bytes: 23 });
  const [perWord, perByte, bits] = wikitext.aggregate?.([scores, { logprob: -9, words: 9, bytes: 23 }]) ?? [];
  t.equal(perWord.value, Math.exp(1.5));
  t.equal(perByte.value, Math.exp(27 / 46));
  t.ok(Math.abs(bits.value - 27 / 46 / Math.LN2) < 1e-15);
  // Two documents, losses of 2 and 1 a word: resamples are 1/2 above, 1/2 below or, half of them, at the mean. 1,000 of them
  // know the deviation to 3 %.
  const spread = Math.sqrt((2 * (Math.expm1(0.5) ** 2 + Math.expm1(-0.5) ** 2)) / 4);
  t.ok(Math.abs((perWord.stderr ?? NaN) / Math.exp(1.5) / spread - 1) < 0.08, String(perWord.stderr));
  t.ok(Math.abs((bits.stderr ?? NaN) - 4.5 / 23 / Math.LN2) < 1e-12);
  t.equal(perWord.n, 2);
  t.strictSame(
    wikitext.aggregate?.([scores]).map(({ stderr }) => stderr),
    [undefined, undefined, undefined],
  );
});

t.test("the papers' perplexity is exp of the mean of window means", async (t) => {
  const score = (meanLosses: number[]) => {
    const scoredTokens = meanLosses.map(() => 7);
    const result = { kind: 'windows', meanLosses, scoredTokens, tokensPerWindow: 8 } as const;
    return wikitext2.score({ kind: 'windows', text: '', window: 8 }, [result]);
  };
  const [three] = wikitext2.aggregate?.([score([1, 2, 3])]) ?? [];
  t.match(three, { metric: 'perplexity', value: Math.exp(2), n: 3 });
  // Of the mean of 1, 2 and 3; 1,000 resamples know it to 2 %.
  t.ok(Math.abs((three.stderr ?? NaN) / Math.exp(2) / Math.sqrt(1 / 3) - 1) < 0.06, String(three.stderr));
  t.match(wikitext2.aggregate?.([score([1])]), [{ value: Math.E, stderr: undefined, n: 1 }]);
});
