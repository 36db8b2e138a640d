import t from 'tap';
import { exportGolden } from '../test/fixtures/export-goldens.js';
import { cacheQuantizers, inputQuantizers, roundCache, roundInputs } from '../test/fixtures/forward-quantizers.js';
import type { TinyArtifactOptions } from '../test/fixtures/tiny-artifact.js';
import { compareRounding, startExportPeer } from './compare-export.js';

// What recipes round in the forward pass: transformers and compressed-tensors compute it as the artifact was scored.
const peer = await startExportPeer();
t.teardown(() => peer.close());

const loader = { format: 'compressed-tensors', loader: 'transformers', module: 'CompressedLinear' };
const grid = { bits: 8 };
const input = (name: keyof typeof inputQuantizers): TinyArtifactOptions['edit'] => roundInputs(inputQuantizers[name]);
const cache = (name: keyof typeof cacheQuantizers): TinyArtifactOptions['edit'] => roundCache(cacheQuantizers[name]);

/** A value here and there gets the neighbouring code (measured: at most 0.003). */
const fewTies = 0.02;
/** Dynamic and symmetric: a token's largest value is absMax / 127.5, a tie (measured: at most 0.1). */
const ties = 0.25;

const plain: Record<string, TinyArtifactOptions> = {
  'static, 6 bits, zero points, the golden': exportGolden('compressed-tensors', 'static scales').options,
  'static, symmetric': { grid, edit: input('symmetric, static') },
  'a token, asymmetric': { grid, edit: input('asymmetric, a token') },
  'static beside 4-bit weights': { edit: input('symmetric, static') },
  'OPT, static': { family: 'opt', grid, edit: input('symmetric, static') },
  'cache, static': { grid, edit: cache('8 bits, static') },
  'cache, Qwen 3': { family: 'qwen3', grid, edit: cache('8 bits, static') },
};
const tied: Record<string, TinyArtifactOptions> = {
  'cache, a head of a token': { grid, edit: cache('8 bits, a head of a token') },
  'a sequence, symmetric': { grid, edit: input('symmetric, a sequence') },
  'inputs a token and cache, the golden': exportGolden('compressed-tensors', 'inputs and cache').options,
  'a token, symmetric': { grid, edit: input('symmetric, a token') },
  'groups, asymmetric': { grid, edit: input('asymmetric, groups of 16') },
  'cache, 4 bits': { grid, edit: cache('4 bits, groups of 8') },
};
for (const [limit, cases] of [
  [fewTies, plain],
  [ties, tied],
] as const)
  for (const [name, options] of Object.entries(cases))
    t.test(`losses of ${name}`, (t) => compareRounding(t, peer, loader, options, limit));
