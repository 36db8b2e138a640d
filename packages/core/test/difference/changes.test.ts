import { differRuns } from '@lowbit/core';
import type { RunChange } from '@lowbit/core';
import t from 'tap';
import { makeRun } from './make-pair.js';
import type { RunSpec } from './make-pair.js';

const cells = [{ values: { kl: 1 } }];

async function changesOf(before: Partial<RunSpec>, after: Partial<RunSpec>): Promise<RunChange[]> {
  const { changes } = await differRuns(makeRun({ cells, ...before }), makeRun({ cells, ...after }));
  return changes;
}

t.test('equal runs have no changes', async (t) => t.same(await changesOf({}, {}), []));

t.test('environment, models, calibration and notes', async (t) => {
  t.same(
    await changesOf(
      {
        environment: { lowbit: '0.1.0', commit: 'aaa', kernels: { implementation: 'native', instructionSet: 'avx2' } },
      },
      {
        environment: { lowbit: '0.2.0', commit: 'bbb+', kernels: { implementation: 'native', instructionSet: 'neon' } },
      },
    ),
    [
      { what: 'lowbit', of: '', before: '0.1.0', after: '0.2.0' },
      { what: 'commit', of: '', before: 'aaa', after: 'bbb+' },
      { what: 'instruction set', of: '', before: 'avx2', after: 'neon' },
    ],
  );
  const model = (facts: object): Partial<RunSpec> => ({ manifest: { models: [{ name: 'm', ...facts }] } });
  const hash = (digit: string): string => digit.repeat(64);
  t.same(await changesOf(model({ digest: hash('a') }), model({ digest: hash('b') })), [
    { what: 'checkpoint', of: 'm', before: hash('a'), after: hash('b') },
  ]);
  const calibration = { source: 'c4', samples: 8, sequenceLength: 64, tokens: 512, seed: 0, tokenSha256: hash('c') };
  t.same(
    await changesOf(
      model({ calibration }),
      model({ calibration: { ...calibration, seed: 1, tokenSha256: hash('d') } }),
    ),
    [
      { what: 'calibration', of: 'm', before: 'c4, 8 x 64 tokens, seed 0', after: 'c4, 8 x 64 tokens, seed 1' },
      { what: 'calibration tokens', of: 'm', before: hash('c'), after: hash('d') },
    ],
  );
  t.same(await changesOf({ manifest: { notes: ['a'] } }, { manifest: { notes: ['b'] } }), [
    { what: 'note', of: '', before: 'a', after: undefined },
    { what: 'note', of: '', before: undefined, after: 'b' },
  ]);
});

t.test('code of methods and tasks that both have', async (t) => {
  const code = (code: object): Partial<RunSpec> => ({ manifest: { code } });
  t.same(await changesOf(code({ rtn: 'a', awq: 'a', piqa: 'a' }), code({ rtn: 'b', gptq: 'a', piqa: 'a' })), [
    { what: 'code', of: 'rtn', before: 'a', after: 'b' },
  ]);
  t.same(await changesOf({}, code({ rtn: 'b' })), [], 'a run of before');
});

t.test('recipes by option, tasks and their files', async (t) => {
  const recipe = (...steps: object[]): Partial<RunSpec> => ({ manifest: { recipes: [{ name: 'r', steps }] } });
  const rtn = (options: object, more: object = {}): object => ({ method: 'rtn', version: '1', options, ...more });
  t.same(await changesOf(recipe(rtn({ bits: 4, clip: [1] })), recipe(rtn({ bits: 3, clip: [1] }))), [
    { what: 'rtn bits', of: 'r', before: '4', after: '3' },
  ]);
  t.same(await changesOf(recipe(rtn({})), recipe(rtn({}, { version: '2', layers: [{ match: 'q', off: true }] }))), [
    { what: 'rtn version', of: 'r', before: '1', after: '2' },
    { what: 'rtn layers', of: 'r', before: undefined, after: '[{"match":"q","off":true}]' },
  ]);
  t.same(await changesOf(recipe(), recipe(rtn({ bits: 3 }))), [
    { what: 'recipe', of: 'r', before: 'float', after: 'rtn(bits=3)' },
  ]);
  t.same(await changesOf({ manifest: { recipes: [{ name: 'a', steps: [] }] } }, { manifest: { recipes: [] } }), [
    { what: 'recipe', of: 'a', before: 'there', after: undefined },
  ]);
  const files = (sha256: string) => ({ files: [{ path: 'x.txt', sha256, bytes: 1 }] });
  t.same(await changesOf({ task: files('one') }, { task: { ...files('two'), limit: 4 } }), [
    { what: 'limit', of: 't', before: 'none', after: '4' },
    { what: 'data', of: 'x.txt', before: 'one', after: 'two' },
  ]);
});

t.test('layers that moved, the most first', async (t) => {
  const layer = (name: string, weightError: number, more: object = {}): object => ({
    ...{ layer: name, weightError, bitsPerWeight: 4.5, ...more },
  });
  const run = (...layers: object[]): RunSpec => ({ cells: [{ values: { kl: 1 }, layers }] });
  const before = run(layer('a', 0.1), layer('b', 0.1), layer('c', 0.1), layer('d', 0.1, { outputError: 0.2 }));
  const after = run(layer('a', 0.11), layer('b', 0.1 + 1e-9), layer('c', 0.05), layer('e', 0.1));
  const { layers, layersLeftOut } = await differRuns(makeRun(before, 'x'), makeRun(after, 'y'));
  t.same(
    layers.map(({ layer, figure }) => [layer, figure]),
    [
      ['e', 'weightError'],
      ['e', 'bitsPerWeight'],
      ['d', 'weightError'],
      ['d', 'outputError'],
      ['d', 'bitsPerWeight'],
      ['c', 'weightError'],
      ['a', 'weightError'],
    ],
  );
  t.equal(layersLeftOut, 0);
  const many = (error: number): RunSpec => run(...Array.from({ length: 60 }, (_, i) => layer(`${i}`, error + i)));
  const long = await differRuns(makeRun(many(1), 'x'), makeRun(many(1.1), 'y'));
  t.equal(long.layers.length, 40);
  t.equal(long.layersLeftOut, 20);
  const unchanged = await differRuns(makeRun(before, 'x'), makeRun(after, 'x'));
  t.same(unchanged.layers, [], 'not computed again');
});
