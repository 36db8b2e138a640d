/** A data folder with a few made-up rows for every task, in the official files' forms. */
export function tinyData() {
  const lines = (rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const arcRow = (id: number, answerKey: string, labels: string) => ({
    id: `q${id}`,
    question: {
      stem: `What is ${id}?`,
      choices: labels.split('').map((label) => ({ text: `It is ${label}.`, label })),
    },
    answerKey,
  });
  return {
    piqa: {
      'valid.jsonl': lines([
        { goal: 'open a jar', sol1: 'turn the lid', sol2: 'turn the jar over ' },
        { goal: 'boil an egg', sol1: 'fry it', sol2: 'put it into hot water' },
      ]),
      'valid-labels.lst': '0\n1\n',
    },
    arc: {
      'ARC-Easy-Test.jsonl': lines([arcRow(1, 'B', 'ABCD'), arcRow(2, '3', '1234')]),
      'ARC-Challenge-Test.jsonl': lines([arcRow(3, 'E', 'ABCDE'), arcRow(4, 'A', 'ABC')]),
    },
    winogrande: {
      'winogrande_dev_noqid.jsonl': lines([
        { sentence: 'The cup fits the box because the _ is small .', option1: 'cup', option2: 'box', answer: '1' },
        { sentence: 'Ann thanked Bea because _ had helped.', option1: 'Ann', option2: 'Bea', answer: '2' },
      ]),
    },
    lambada: { 'lambada_test.jsonl': lines([{ text: 'He sang a song' }, { text: 'Two words.\n\n"Yes,  no' }]) },
    wikitext2: {
      'wiki.test.raw':
        ' \n = First = \n \n Some text , here . \n = = Part = = \n More @-@ text . \n = Second = \n It is ( very ) short . \n',
    },
    'stories.txt': [1, 2, 3, 4, 5]
      .map((n) => `Once there was a fox. It had ${n} hats. "Nice!" it said. Then number ${n} was lost. The end.`)
      .join('\n<|endoftext|>\n'),
  };
}
