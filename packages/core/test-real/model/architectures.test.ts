import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { checkFinite, openCheckpoint } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import t from 'tap';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const models = `${root}/../shared/models`;
const smol = `${homedir()}/.cache/lowbit/models/SmolLM2-135M-Instruct`;
const kernels = await loadKernels();

const supported = {
  gpt2: 'gpt2',
  llama: 'llama',
  'llama-tied-bias': 'llama',
  'llama3-rope': 'llama',
  'mistral-window': 'mistral',
  opt: 'opt',
  'opt-350m-style': 'opt',
  qwen2: 'qwen2',
  qwen3: 'qwen3',
};

for (const name of readdirSync(`${models}/architectures`)) {
  const path = `${models}/architectures/${name}`;
  t.test(name, async (t) => {
    const family = Object.entries(supported).find(([folder]) => folder === name)?.[1];
    if (family === undefined) {
      const message = /"model_type" in .* must be one of llama, mistral, qwen2, qwen3, opt, gpt2, and it is "/;
      await t.rejects(openCheckpoint(path, kernels), { code: 'CONFIG_FAMILY', message });
      return;
    }
    const checkpoint = await openCheckpoint(path, kernels);
    t.match(checkpoint, { name, decoder: { family, vocabSize: 320, hiddenSize: 64 }, bitsPerWeight: 16 });
    await checkFinite(checkpoint, kernels);
  });
}

t.test('every supported family has a folder', async (t) => {
  for (const name of Object.keys(supported)) t.ok(readdirSync(`${models}/architectures`).includes(name), name);
});

t.test('SmolLM2', async (t) => {
  const checkpoint = await openCheckpoint(smol, kernels);
  t.match(checkpoint, {
    parameters: 134_515_008,
    bitsPerWeight: 16,
    decoder: { contextLength: 8192, head: { tied: true } },
  });
  t.equal(checkpoint.decoder.blocks.length, 30);
  await checkFinite(checkpoint, kernels);
});

t.test('TinyStories-656K stores its tied embedding under the name of the head', async (t) => {
  const checkpoint = await openCheckpoint(`${models}/TinyStories-656K`, kernels);
  t.equal(checkpoint.parameters, 656_000);
  t.match(checkpoint.decoder, { embedding: { token: { tensor: 'lm_head.weight' } }, head: { tied: true } });
});

t.test('stories260K as converted', async (t) => {
  const checkpoint = await openCheckpoint(`${root}/models/stories260k`, kernels);
  t.equal(checkpoint.parameters, 260_032);
});
