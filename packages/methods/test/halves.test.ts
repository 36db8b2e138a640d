import { join } from 'node:path';
import t from 'tap';
import {
  checkRecipeExport,
  decodeWeight,
  findExportFormat,
  makeArtifacts,
  openArtifact,
  openCheckpoint,
  quantize,
  readDecoder,
  Registry,
  resolveRecipe,
} from '@lowbit/core';
import type { Draft } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { methods } from '@lowbit/methods';
import { roundTo } from '../../core/test/fixtures/plain-quantize.js';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';
import { tinyConfigs } from '../../core/test/fixtures/tiny-configs.js';

const device = { name: 'cpu', threads: 1 };
const registry = new Registry();
registry.add({ methods });
const kernels = await loadKernels();
const sequences = [0, 1, 2, 3].map((row) => Int32Array.from({ length: 48 }, (_, i) => (i * i * 31 + row * 17) % 250));
const record = { source: 'test', samples: 4, sequenceLength: 48, tokens: 192, seed: undefined, tokenSha256: '' };

t.test('weights rounded to a half: stored and simulated are the same floats, all of that type', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, { dtype: 'BF16' });
  const recipes = {
    'rtn(bits=8,grid=smoothquant,arithmetic=bfloat16)': 'bfloat16',
    'smoothquant+rtn(bits=4,groupSize=16,weightType=float16)': 'float16',
    'gptq(bits=4,groupSize=16,scaleType=float16,weightType=float16)': 'float16',
    'awq(bits=4,groupSize=16,scaleType=float16,weightType=float16)': 'float16',
  } as const;
  for (const [i, [text, type]] of Object.entries(recipes).entries()) {
    const recipe = resolveRecipe(text, registry);
    const simulated = new Map<string, Float32Array>();
    const model = await openCheckpoint(checkpoint, kernels);
    await quantize({
      ...{ model, sources: model.tensors, recipes: [recipe], calibration: sequences, kernels, device },
      workFolder: folder,
      budgetBytes: 1e9,
      onBlock: async (_, { layers, draft }) => {
        for (const { linear } of layers)
          simulated.set(linear.weight.tensor, await (draft as Draft).current(linear.weight));
      },
    });
    const artifact = join(folder, `artifact-${i}`);
    const calibration = { sequences, record };
    const request = { checkpoint, recipes: [{ recipe, folder: artifact }], calibration, kernels, device };
    const outcome = await makeArtifacts({ ...request, workFolder: folder });
    t.equal(outcome.get(text), undefined);
    const { readWeight } = await openArtifact(artifact);
    t.equal(simulated.size, 14);
    for (const [tensor, values] of simulated) {
      t.same(await decodeWeight(await readWeight(tensor), kernels), values, tensor);
      t.same(values.map(roundTo(type)), values, 'already of the type');
    }
  }
});

t.test('arithmetic of rtn: what it cannot emulate is refused', (t) => {
  for (const [text, remedy] of [
    ['symmetric=false', /symmetric.*leave it out, or arithmetic/],
    ['clip=mse', /without a clip search/],
    ['scaleType=float16', /scaleType.*Arithmetic=bfloat16 decides it/i],
    ['weightType=float16', /weightType.*decides it/],
  ] as const)
    t.throws(() => resolveRecipe(`rtn(arithmetic=bfloat16,${text})`, registry), {
      code: 'METHOD_OPTION',
      message: remedy,
    });
  t.end();
});

t.test('a target that decodes to float32 refuses rounded weights before the recipe is run', (t) => {
  const decoder = readDecoder(tinyConfigs.llama, new Set<string>(), 'the tiny config');
  const check = (format: string, text: string): void =>
    checkRecipeExport(findExportFormat(format), resolveRecipe(text, registry), decoder);
  for (const format of ['onnx', 'gguf'])
    for (const option of ['scaleType=float16,weightType=float16', 'arithmetic=float16'])
      t.throws(() => check(format, `rtn(bits=4,${option})`), {
        code: 'EXPORT_REFUSED',
        message: /q_proj are rounded to float16, and its loaders would decode them to float32/,
      });
  check('gptq', 'rtn(bits=4,arithmetic=float16)');
  check('onnx', 'rtn(bits=4)+activations(arithmetic=bfloat16)');
  t.end();
});
