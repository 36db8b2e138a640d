import { encodeAffine } from '@lowbit/core';
import type { LayerDraft, MethodContext } from '@lowbit/core';
import { affineSpec } from './grid-options.js';
import type { GridOptions } from './grid-options.js';

/** Every weight to the nearest code of a grid fitted to the weights, each layer on its own grid. */
export async function roundLayers(
  method: string,
  layers: readonly LayerDraft[],
  { optionsFor, kernels }: MethodContext<GridOptions>,
): Promise<void> {
  for (const layer of layers) {
    const spec = affineSpec(optionsFor(layer), layer.linear);
    await layer.encode([await encodeAffine(await layer.weight(), spec, kernels)], { method });
  }
}
