import { parseCalibration } from '@lowbit/core';
import t from 'tap';

t.test('the forms of the command line', async (t) => {
  t.match(parseCalibration('wikitext2,samples=128,sequenceLength=2048,seed=0'), {
    kind: 'wikitext2',
    samples: 128,
    sequenceLength: 2048,
    seed: 0,
  });
  t.strictSame(parseCalibration('c4'), { kind: 'c4', file: undefined });
  t.equal(parseCalibration('c4,seed=first').seed, undefined);
  t.match(parseCalibration('text:a, b/x:y.txt, samples=3'), { kind: 'text', file: 'a, b/x:y.txt', samples: 3 });
  t.match(parseCalibration('token-ids:ids.json'), { kind: 'token-ids', file: 'ids.json' });
});

t.test('what is unknown, missing or out of range is named', async (t) => {
  const refused: [string, RegExp][] = [
    ['wikitext', /"wikitext" came; did you mean wikitext2/],
    ['', /source is one of/],
    ['pile', /wikitext2, c4, text, token-ids, but "pile" came\.$/],
    ['c4,sample=3', /"sample" came; did you mean samples/],
    ['c4,samples=0', /Samples should be an integer from 1, but it is 0/],
    ['c4,samples=2.5', /2.5/],
    ['c4,samples=', /NaN/],
    ['c4,samples=many', /NaN/],
    ['c4,sequenceLength=1', /from 2/],
    ['c4,seed=-1', /Seed should/],
    ['text', /Text needs a file/],
    ['token-ids:', /Token-ids needs a file/],
    ['c4:file', /C4 takes no file/],
    ['token-ids:a.json,seed=1', /leave them out/],
    ['token-ids:a.json,sequenceLength=8', /leave them out/],
  ];
  for (const [text, message] of refused)
    t.throws(() => parseCalibration(text), { code: 'CALIBRATION_SOURCE', message }, text);
});
