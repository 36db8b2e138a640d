import t from 'tap';
import { planRecipe, readDecoder, resolveRecipe } from '@lowbit/core';
import { tinyConfigs } from '../../core/test/fixtures/tiny-configs.js';
import { registry, TinyRecipes } from './tiny-recipes.js';

/** Every method, with what layers may do otherwise, behind each other where that changes what they do. */
const recipes = [
  'rtn(groupSize=32,symmetric=false,head=true,embeddings=true){down:bits=8; head:bits=6; *.0.*:off}',
  'rtn(arithmetic=bfloat16)+activations(outputs=true){down:off}',
  'gptq(groupSize=16,actOrder=group,scaleType=float16,embeddings=true){down:actOrder=off,weightType=float16}',
  'awq(groupSize=16){*.0.*:off}',
  'awq(groupSize=16,online=false)+kv(groupSize=8)',
  'quarot+awq(groupSize=16)+kvquant',
  'smoothquant+activations(granularity=tensor,range=static){down:granularity=group,groupSize=32}+truncate{down:bits=6}',
  'quarot(residual=off,output=concatenated)+rtn+kv(window=16,keyAxis=channel,groupSize=8)',
];

/** Without arrays, for which a plan may have stand-ins. */
function plainOf(entry: object): Record<string, unknown> {
  const plain = Object.entries(entry).filter(([, value]) => value !== undefined && typeof value !== 'object');
  return Object.fromEntries(plain);
}

const recipeMethods = (text: string): string[] => resolveRecipe(text, registry).steps.map(({ method }) => method.name);

t.test('every method is in a recipe here', async (t) => {
  t.same(new Set(recipes.flatMap(recipeMethods)), new Set([...registry.methods.values()].map(({ name }) => name)));
});

for (const family of ['llama', 'gpt2'] as const)
  t.test(`${family}: what a recipe plans is what it leaves behind`, async (t) => {
    const decoder = readDecoder(tinyConfigs[family], new Set<string>(), 'the tiny config');
    const tiny = await TinyRecipes.create(t.testdir(), { family });
    for (const text of recipes) {
      const { record, readWeight, readOperators } = await tiny.make(text);
      const { grids, operators } = planRecipe(resolveRecipe(text, registry), decoder);
      const stored = new Map<string, unknown>();
      for (const tensor of Object.keys(record.weights)) {
        const [part] = (await readWeight(tensor)).parts;
        const groupIndex = part?.arrays['groupIndex'] !== undefined;
        stored.set(tensor.replace(/\.weight$/, ''), { ...part?.spec, groupIndex });
      }
      // As an artifact writes it, without what is undefined.
      const planned = [...grids].map(([name, grid]) => [name, { groupIndex: false, ...grid }] as const);
      t.same(Object.fromEntries(stored), JSON.parse(JSON.stringify(Object.fromEntries(planned))), text);
      const plain = [...operators].map(([site, list]) => [site, list.map(plainOf)] as const);
      const left = [...(await readOperators())].map(([site, list]) => [site, list.map(plainOf)] as const);
      t.same(Object.fromEntries(plain), Object.fromEntries(left), text);
    }
  });
