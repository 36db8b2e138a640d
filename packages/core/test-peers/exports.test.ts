import t from 'tap';
import { encodeActOrder } from '../test/fixtures/act-order.js';
import { exportGolden } from '../test/fixtures/export-goldens.js';
import type { TinyArtifactOptions } from '../test/fixtures/tiny-artifact.js';
import { compareExport, startExportPeer } from './compare-export.js';

// Exports in the loaders that people deploy with: the losses of the artifact come out of them.
const peer = await startExportPeer();
t.teardown(() => peer.close());

const compressed: Record<string, TinyArtifactOptions> = {
  'symmetric groups': {},
  '3 bits, asymmetric, the golden': exportGolden('compressed-tensors').options,
  '8 bits, asymmetric': { grid: { bits: 8, symmetric: false } },
  '5 bits a row, float32 scales': { grid: { bits: 5, granularity: 'channel', scaleType: 'float32' } },
  'one scale a tensor, asymmetric': { grid: { granularity: 'tensor', symmetric: false } },
  'groups by act-order': { encode: encodeActOrder },
  '8 bits, groups by act-order': { grid: { bits: 8 }, encode: encodeActOrder },
  'mixed widths, a layer stays float': {
    layerGrid: (name) =>
      name.endsWith('.0.mlp.down_proj') ? null : name.endsWith('down_proj') ? { bits: 8 } : undefined,
  },
  'OPT, biases': { family: 'opt' },
  'Qwen 2, tied': { family: 'qwen2' },
  'Llama with a bias and a head that an edit added': {
    config: { tie_word_embeddings: true },
    edit: (draft) => {
      const { linear } = draft.blocks[1]?.layers[6] ?? {};
      if (linear) draft.edit(draft.addBias(linear, linear.name, linear.rows).tensor, (bias) => bias.fill(0.25));
      draft.untieHead();
      draft.edit(draft.decoder.head.weight.tensor, (weight) => weight.map((value) => value / 2));
    },
  },
};
for (const [name, options] of Object.entries(compressed))
  t.test(`compressed-tensors in transformers: ${name}`, (t) =>
    compareExport(
      t,
      peer,
      { format: 'compressed-tensors', loader: 'transformers', module: 'CompressedLinear' },
      options,
    ),
  );

const gptq: Record<string, TinyArtifactOptions> = {
  '4 bits, the golden': exportGolden('gptq').options,
  '3 bits': { grid: { bits: 3 } },
  '8 bits a row': { grid: { bits: 8, granularity: 'channel' } },
};
for (const [name, options] of Object.entries(gptq))
  t.test(`gptq in auto-round: ${name}`, (t) =>
    compareExport(t, peer, { format: 'gptq', loader: 'auto-round', module: 'QuantLinear' }, options),
  );
