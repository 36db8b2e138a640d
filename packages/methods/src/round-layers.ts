import { encodeAffine, encodeAffineIn } from '@lowbit/core';
import type { LayerDraft, MethodContext } from '@lowbit/core';
import { affineSpec } from './grid-options.js';
import type { GridOptions } from './grid-options.js';

type Options = GridOptions & { arithmetic?: 'float32' | 'float16' | 'bfloat16' };

/** Every weight to the nearest code of a grid fitted to the weights, each layer on its own grid. */
export async function roundLayers(
  method: string,
  layers: readonly LayerDraft[],
  { optionsFor, kernels }: MethodContext<Options>,
): Promise<void> {
  for (const layer of layers) {
    const options = optionsFor(layer);
    const { arithmetic = 'float32' } = options;
    const spec = affineSpec(options, layer.linear);
    const weight = await layer.weight();
    const part =
      arithmetic === 'float32'
        ? await encodeAffine(weight, spec, kernels)
        : await encodeAffineIn(arithmetic, weight, spec, kernels);
    await layer.encode([part], { method });
  }
}
