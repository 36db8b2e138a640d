import t from 'tap';
import { z } from 'zod';
import {
  bindLayers,
  defineMethod,
  readDecoder,
  recordRecipe,
  Registry,
  resolveRecipe,
  resolveSteps,
} from '@lowbit/core';
import { tinyConfigs } from './fixtures/tiny-configs.js';

const decoder = readDecoder(tinyConfigs.llama, new Set<string>(), 'the tiny config');
const shared = { version: '1', description: 'of the test', source: 'none' };
const round = defineMethod({
  ...shared,
  name: 'round',
  options: z.object({
    bits: z.int().min(2).max(8).default(4),
    groupSize: z.int().optional(),
    order: z.boolean().default(false),
    head: z.boolean().default(false),
  }),
  layerOptions: ['bits', 'groupSize'],
  ends: ({ head }) => (head ? ['head'] : []),
});
const whole = defineMethod({ ...shared, name: 'whole', options: z.object({ seed: z.int().default(0) }) });
const registry = new Registry();
registry.add({ methods: [round, whole] });

/** Bits by layer; a layer that is off is not there. */
function bitsOf(text: string): Map<string, unknown> {
  const [step] = resolveRecipe(text, registry).steps;
  return new Map([...(step ? bindLayers(step, decoder) : [])].map(([name, options]) => [name, options['bits']]));
}

t.test('overrides in text and in data come to the same record', async (t) => {
  const text = 'whole + round(bits=3){ *.down_proj : bits=8, groupSize=32 ; model.layers.0.*:off; }';
  const layers = [
    { match: '*.down_proj', options: { bits: 8, groupSize: 32 } },
    { match: 'model.layers.0.*', off: true as const },
  ];
  const steps = [{ method: 'whole' }, { method: 'round', options: { bits: 3 }, layers }];
  const record = recordRecipe(resolveRecipe(text, registry, 'mine'));
  t.same(record, recordRecipe(resolveSteps(steps, registry, 'mine')));
  t.same(record.steps, [
    { method: 'whole', version: '1', options: { seed: 0 } },
    { method: 'round', version: '1', options: { bits: 3, order: false, head: false }, layers },
  ]);
});

t.test('every linear has options, and those of a name or role their own', async (t) => {
  const plain = bitsOf('round');
  t.equal(plain.size, 14);
  t.same(new Set(plain.values()), new Set([4]));
  const bits = bitsOf('round{*.down_proj:bits=8; k:bits=2; model.layers.1.self_attn.q_proj:off}');
  t.equal(bits.get('model.layers.0.mlp.down_proj'), 8);
  t.equal(bits.get('model.layers.1.self_attn.k_proj'), 2);
  t.equal(bits.get('model.layers.1.self_attn.v_proj'), 4);
  t.notOk(bits.has('model.layers.1.self_attn.q_proj'));
  t.equal(bits.size, 13);
});

t.test('later overrides win, option by option', async (t) => {
  const [step] = resolveRecipe(
    'round{*:groupSize=16; model.layers.0.*:off; down:bits=8; *.1.mlp.*:groupSize=8}',
    registry,
  ).steps;
  const bound = step && bindLayers(step, decoder);
  t.same(
    [...(bound?.keys() ?? [])].filter((name) => name.includes('.0.')),
    ['model.layers.0.mlp.down_proj'],
  );
  t.match(bound?.get('model.layers.0.mlp.down_proj'), { bits: 8, groupSize: 16 });
  t.match(bound?.get('model.layers.1.mlp.down_proj'), { bits: 8, groupSize: 8 });
  t.match(bound?.get('model.layers.1.self_attn.o_proj'), { bits: 4, groupSize: 16 });
});

t.test('a dot is a dot, and a pattern is of the whole name', async (t) => {
  for (const match of ['model.layers.0', '*down.proj', 'layers.0.mlp.down_proj'])
    t.throws(() => bitsOf(`round{${match}:bits=8}`), { code: 'RECIPE_LAYER' }, match);
});

t.test('the head is a layer where the step takes it in', async (t) => {
  t.equal(bitsOf('round(head=true){lm_head:bits=8}').get('lm_head'), 8);
  t.equal(bitsOf('round(head=true){head:bits=8; *.mlp.*:off}').get('lm_head'), 8);
  t.notOk(bitsOf('round{*:bits=8}').has('lm_head'));
  t.throws(() => bitsOf('round{lm_head:bits=8}'), {
    code: 'RECIPE_LAYER',
    message: /round leaves lm_head float unless/,
  });
});

for (const [text, code, message] of [
  ['round{*.down_proj:bits=8', 'RECIPE_SYNTAX', /braces/],
  ['round{*.down_proj}', 'RECIPE_SYNTAX', /pattern:name=value or pattern:off/],
  ['round{:bits=8}', 'RECIPE_SYNTAX', /pattern:name=value/],
  ['round{*.down_proj:on}', 'RECIPE_SYNTAX', /name=value/],
  ['round{*.down_proj:bits=9}', 'METHOD_OPTION', /bits, got 9/],
  ['round{*.down_proj:bist=8}', 'METHOD_OPTION', /differ in \(bits, groupSize\), got 'bist'/],
  ['round{*.down_proj:order=true}', 'METHOD_OPTION', /got 'order' for '\*\.down_proj'; set it for the whole step/],
  ['whole{*.down_proj:off}', 'METHOD_OPTION', /treats each layer by itself, got whole/],
  ['round{*.down_porj:bits=8}', 'RECIPE_LAYER', /llama layer .* did you mean '\*\.down_proj'/],
  ['round{donw:bits=8}', 'RECIPE_LAYER', /did you mean 'down'/],
  ['round{transformer.h.0.attn.c_attn:bits=8}', 'RECIPE_LAYER', /named like model\.layers\.0\.self_attn\.q_proj/],
] as const)
  t.test(`'${text}' is ${code}`, async (t) => t.throws(() => bitsOf(text), { code, message }));
