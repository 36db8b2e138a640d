import t from 'tap';
import { z } from 'zod';
import { defineMethod, recordMethods, recordRecipe, Registry, resolveRecipe, resolveSteps } from '@lowbit/core';

const round = defineMethod({
  name: 'round',
  version: '3',
  description: 'of the test',
  source: 'none',
  options: z.object({
    bits: z.int().min(2).max(8).default(4),
    mode: z.enum(['off', 'on']).default('off'),
    symmetric: z.boolean().default(true),
    alpha: z.number().optional(),
  }),
  bits: ({ bits }) => bits,
});
const fold = defineMethod({
  name: 'fold',
  version: '1',
  description: 'of the test',
  source: 'none',
  options: z.object({}),
});

const registry = new Registry();
registry.add({ methods: [round, fold], presets: { 'round-w3': 'fold+round(bits=3)' } });

t.test('float has no steps', async (t) => t.same(recordRecipe(resolveRecipe(' float ', registry, 'float')).steps, []));

t.test('steps, options of every type, and defaults', async (t) => {
  const record = recordRecipe(resolveRecipe('fold + round( bits = 2 , mode=on,symmetric=false,alpha=0.5)', registry));
  t.equal(record.bits, 2);
  t.same(record.steps, [
    { method: 'fold', version: '1', options: {} },
    { method: 'round', version: '3', options: { bits: 2, mode: 'on', symmetric: false, alpha: 0.5 } },
  ]);
});

t.test('methods are recorded once, those that are not here left out', async (t) => {
  const record = recordRecipe(resolveRecipe('fold+round', registry));
  const foreign = { name: 'mine', bits: 4, steps: [{ method: 'of-a-plugin', version: '1', options: {} }] };
  t.same(
    recordMethods([record, foreign, record], registry),
    ['fold', 'round'].map((name) => ({ name, description: 'of the test', source: 'none' })),
  );
});

t.test('a preset and steps as data come to the same', async (t) => {
  const steps = [{ method: 'fold' }, { method: 'round', options: { bits: 3 } }];
  t.same(recordRecipe(resolveRecipe('round-w3', registry)), recordRecipe(resolveSteps(steps, registry, 'round-w3')));
});

for (const [text, code, message] of [
  ['round(bits=4', 'RECIPE_SYNTAX', /parentheses/],
  ['round(bits)', 'RECIPE_SYNTAX', /name=value/],
  ['round++fold', 'RECIPE_SYNTAX', /steps joined by \+/],
  ['', 'RECIPE_SYNTAX', /recipe like/],
  ['ruond', 'METHOD_UNKNOWN', /did you mean 'round'/],
  ['round(bist=4)', 'METHOD_OPTION', /did you mean 'bits'/],
  ['round(bits=9)', 'METHOD_OPTION', /bits, got 9/],
  ['round(bits=2.5)', 'METHOD_OPTION', /bits, got 2.5/],
  ['round(mode=maybe)', 'METHOD_OPTION', /mode, got "maybe"/],
] as const)
  t.test(`'${text}' is ${code}`, async (t) => t.throws(() => resolveRecipe(text, registry), { code, message }));
