import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { evaluate, goldenLoss, goldenRows, lossTolerances } from './golden-rows.js';

const windows = 2;

interface Layer {
  layer: string;
  block: number;
  hessianTrace: number;
  squaredOutputError: number;
  rtnSquaredOutputError: number;
}

// The others are in test-peers: each costs minutes.
const recipes = {
  float: 'float',
  'rtn-w4-g64-sym': 'rtn(bits=4,groupSize=64,symmetric=true)',
  'rtn-w3-g64-asym': 'rtn(bits=3,groupSize=64,symmetric=false)',
};
const gptq = 'gptq(bits=4,groupSize=64,symmetric=true,actOrder=off)';

const run = join(t.testdir(), 'run');
const loss = await evaluate([...Object.values(recipes), gptq], windows, run);

for (const [name, recipe] of Object.entries(recipes) as [keyof typeof recipes, string][])
  t.test(`${name}: mean loss of the first windows`, (t) => {
    const difference = loss(recipe) - goldenLoss(name, windows);
    t.ok(Math.abs(difference) < lossTolerances[name], `off by ${difference}`);
    t.end();
  });

t.test('GPTQ: errors of the first block within 1 %, below round-to-nearest in 99 % of the layers', async (t) => {
  const expected =
    goldenRows.find(({ recipe, firstBlock }) => recipe === 'gptq-w4-g64-sym' && firstBlock)?.firstBlock ?? {};
  const cells = await Promise.all(
    (await readdir(join(run, 'cells'))).map(
      async (name) =>
        JSON.parse(await readFile(join(run, 'cells', name), 'utf8')) as { recipe: string; layers: Layer[] },
    ),
  );
  const layers = cells.find(({ recipe }) => recipe === gptq)?.layers ?? [];
  t.equal(layers.length, 210);
  for (const [name, { hessianTrace, rtnError, gptqError }] of Object.entries(expected)) {
    const layer = layers.find((each) => each.layer === `model.layers.0.${name}`);
    const near = (value: number | undefined, target: number): boolean => Math.abs((value ?? NaN) / target - 1) < 0.01;
    t.ok(near(layer?.hessianTrace, hessianTrace), `${name}: trace ${layer?.hessianTrace}`);
    t.ok(near(layer?.rtnSquaredOutputError, rtnError), `${name}: round to nearest ${layer?.rtnSquaredOutputError}`);
    t.ok(near(layer?.squaredOutputError, gptqError), `${name}: GPTQ ${layer?.squaredOutputError}`);
  }
  const worse = layers.filter((layer) => layer.squaredOutputError > layer.rtnSquaredOutputError);
  t.ok(worse.length <= layers.length / 100, `${worse.length} layers above round-to-nearest`);
});
