import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { exportArtifact, findExportFormat } from '@lowbit/core';
import type { Operator, Quantize, Site } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { encodeActOrder } from '../fixtures/act-order.js';
import { cacheQuantizers, inputQuantizers, roundCache, roundInputs } from '../fixtures/forward-quantizers.js';
import { makeTinyArtifact } from '../fixtures/tiny-artifact.js';
import type { TinyArtifactOptions } from '../fixtures/tiny-artifact.js';

const kernels = await loadKernels();
const float32: TinyArtifactOptions = { grid: { scaleType: 'float32' } };
const bits5: TinyArtifactOptions = { grid: { bits: 5 } };
const one: TinyArtifactOptions['layerGrid'] = (name) =>
  name.endsWith('.1.mlp.up_proj') ? { groupSize: 16 } : undefined;
const left: TinyArtifactOptions['layerGrid'] = (name) => (name.endsWith('.1.mlp.up_proj') ? null : undefined);
const operator: TinyArtifactOptions['edit'] = (draft) =>
  draft.setOperators('model.layers.0.self_attn.q_proj.input', [
    { kind: 'quantize', bits: 8, symmetric: true, granularity: 'token', clipRatio: 1 },
  ]);
const normBias: TinyArtifactOptions['edit'] = (draft) => {
  const { finalNorm } = draft.decoder;
  if (finalNorm) draft.addBias(finalNorm, finalNorm.name, 64);
};
/** Seven columns in a last group of its own. */
const short: TinyArtifactOptions = { grid: { groupSize: 48 } };
const half: TinyArtifactOptions = { grid: { weightType: 'float16' } };

/** Format, artifact, and what the sentence must name: the layer or option, and the remedy. */
const cases: [format: string, name: string, options: TinyArtifactOptions, sentence: RegExp][] = [
  [
    'gptq',
    'float32 scales',
    float32,
    /scale .* of model\.layers\.0\.self_attn\.q_proj .*quantize with scaleType=float16/,
  ],
  ['awq', 'float32 scales', float32, /quantize with scaleType=float16/],
  ['gguf', 'float32 scales', float32, /quantize with scaleType=float16/],
  [
    'gptq',
    'a zero point of 0',
    { grid: { symmetric: false }, seed: 3, edit: positive },
    /zero point of .* is 0.*gptq-v2/,
  ],
  ['gptq', '5 bits', bits5, /q_proj has 5 bits, and the format has 2, 3, 4, 8; quantize with bits=8/],
  ['awq', '5 bits', bits5, /has 5 bits, and the format has 4; quantize with bits=4/],
  ['onnx', '5 bits', bits5, /has 5 bits, and the format has 8, 4; quantize with bits=4/],
  ['gptq', 'two group sizes', { layerGrid: one }, /up_proj has groupSize 16 and others 32.*compressed-tensors/],
  ['gptq', 'a float layer', { layerGrid: left }, /up_proj stays float.*compressed-tensors/],
  [
    'gptq',
    'words',
    { config: { intermediate_size: 164 }, grid: { granularity: 'channel' } },
    /164 rows of .*gate_proj/,
  ],
  ['awq', 'rows', { config: { intermediate_size: 164 }, grid: { granularity: 'channel' } }, /164 rows of .*gate_proj/],
  ['awq', 'act-order', { encode: encodeActOrder }, /groups of .*q_proj do not lie in order.*actOrder=static/],
  ['onnx', 'act-order', { encode: encodeActOrder }, /actOrder=static/],
  ['gguf', 'act-order', { encode: encodeActOrder }, /actOrder=static/],
  ['gptq', 'an operator', { edit: operator }, /quantize at model\.layers\.0\.self_attn\.q_proj\.input.*onnx/],
  [
    'compressed-tensors',
    'the step of another grid',
    { edit: operator },
    /at .*q_proj\.input is absMax \/ 127, .*set grid=compr/,
  ],
  ['gguf', 'an operator', { edit: operator }, /quantize at .*q_proj\.input/],
  ['compressed-tensors', 'a norm with a bias', { edit: normBias }, /no llama config can say \(finalNorm\.bias\)/],
  ['gguf', 'a norm with a bias', { edit: normBias }, /model\.norm is no plain RMSNorm/],
  ['compressed-tensors', 'a short group', short, /groupSize 48 leaves a shorter last group in the 64 columns/],
  ['awq', 'a short group', short, /groupSize 48 leaves/],
  ...forwardCases(),
  ['gguf', 'groups of 16', { grid: { groupSize: 16 } }, /groups of 16 columns .*blocks have 32.*multiple of 32/],
  ['gguf', 'asymmetric 8 bits', { grid: { bits: 8, symmetric: false } }, /asymmetric at 8 bits.*Q4_1.*symmetric=true/],
  ['gguf', 'a family', { family: 'opt' }, /the opt family has no names here/],
  ['gguf', 'a window', { family: 'mistral' }, /sliding window/],
  ['onnx', 'groups of 8', { grid: { groupSize: 8 } }, /groups of 8 columns.*powers of two from 16/],
  ['compressed-tensors', 'Conv1D', { family: 'gpt2' }, /c_attn is a Conv1D module.*export to gptq or onnx/],
  ['onnx', 'rounded weights', half, /q_proj are rounded to float16.* decode them to float32; .*weightType=float32/],
  ['gguf', 'rounded weights', half, /rounded to float16, and its loaders would decode them to float32/],
  // A bfloat16 model with float16 scales says float32.
  ['gptq', 'rounded weights', half, /rounded to float16, and its loaders would decode them to float32/],
  [
    'compressed-tensors',
    'another half',
    { grid: { scaleType: 'bfloat16', weightType: 'float16' } },
    /rounded to float16, and its loaders would decode them to bfloat16; quantize with weightType=bfloat16/,
  ],
  ['gptq', 'no quantized layer', { layerGrid: () => null }, /stays float/],
  ['awq', 'no quantized layer', { layerGrid: () => null }, /no layer is quantized/],
];

/** What loaders of compressed-tensors would compute otherwise in the forward pass, or not at all. */
function forwardCases(): typeof cases {
  const token = inputQuantizers['symmetric, a token'];
  const group = inputQuantizers['asymmetric, groups of 16'];
  const head = cacheQuantizers['8 bits, a head of a token'];
  const inputs = (each: Partial<Quantize>): TinyArtifactOptions => ({ edit: roundInputs({ ...token, ...each }) });
  const cache = (each: Partial<Quantize>): TinyArtifactOptions => ({ edit: roundCache({ ...head, ...each }) });
  const at = (site: Site, ...operators: Operator[]): TinyArtifactOptions => ({
    edit: (draft) => draft.setOperators(site, operators),
  });
  const window: Operator = {
    ...{ kind: 'cache', window: 8 },
    ...{ keys: { bits: 4, axis: 'token', groupSize: 16 }, values: { bits: 4, axis: 'token', groupSize: 16 } },
  };
  const shift: Operator = { kind: 'shift', offsets: new Float32Array(64) };
  const name = 'compressed-tensors';
  return [
    [name, 'a clipped range', inputs({ clipRatio: 0.9 }), /q_proj\.input has clipRatio=0\.9.*set clipRatio=1/],
    [name, 'a range without zero', inputs({ symmetric: false, includeZero: false }), /input has a range without zero/],
    [
      name,
      'an option of tomorrow',
      inputs({ dither: true } as never),
      /q_proj\.input has dither.*leave that option out/,
    ],
    [name, 'a transform', at('model.layers.0.self_attn.q_proj.input', shift, token), /shift, quantize at .*q_proj\.in/],
    [name, 'a window', at('block.0.cache', window), /cache at block\.0\.cache.*leave that step out/],
    [
      name,
      'keys before the position encoding',
      at('block.0.keyBeforeRope', head),
      /quantize at block\.0\.keyBeforeRope/,
    ],
    [name, 'keys alone', at('block.0.key', head), /keys and values of block 0 .*the same bits/],
    [name, 'one block alone', at('block.1.key', head), /keys and values of block 1/],
    [name, 'an asymmetric cache', cache({ symmetric: false }), /block\.0\.key is asymmetric.*set symmetric=true/],
    [name, 'a cache a token', cache({ granularity: 'token' }), /block\.0\.key has no groups within a head.*groupSize/],
    [name, 'the cache of OPT', { family: 'opt', ...cache({}) }, /an OPT config has none.*kv out of the recipe/],
    [
      name,
      'tokens of OPT',
      { family: 'opt', ...inputs({}) },
      /q_proj have a scale a token.*range=static for activations/,
    ],
    [name, 'inputs of a float layer', { layerGrid: left, ...inputs({}) }, /up_proj stays float and its inputs/],
    [
      name,
      'groups beside act-order',
      { encode: encodeActOrder, edit: roundInputs(group) },
      /actOrder=group.*actOrder=static/,
    ],
  ];
}

/** All weights of one sign: an asymmetric grid begins at 0 then. */
function positive(draft: Parameters<NonNullable<TinyArtifactOptions['edit']>>[0]): void {
  for (const { layers } of draft.blocks)
    for (const { linear } of layers) draft.edit(linear.weight.tensor, (values) => values.map(Math.abs));
}

for (const [format, name, options, sentence] of cases)
  t.test(`${format}: ${name} is refused before anything is written`, async (t) => {
    const folder = t.testdir();
    const { artifact } = await makeTinyArtifact(folder, options);
    const before = await readdir(folder);
    const work = exportArtifact(artifact, findExportFormat(format), join(folder, 'out'), kernels);
    await t.rejects(work, { code: 'EXPORT_REFUSED', message: sentence });
    t.same(await readdir(folder), before);
  });

t.test('an unknown target', (t) => {
  t.throws(() => findExportFormat('gptq-v3'), { code: 'EXPORT_FORMAT', message: /did you mean 'gptq-v2'/ });
  t.throws(() => findExportFormat('x'), { code: 'EXPORT_FORMAT', message: /name one of them/ });
  t.end();
});
