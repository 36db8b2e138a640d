import { decodeWeight, defineMethod } from '@lowbit/core';
import type { BlockDraft, LayerDraft, Method } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';

/**
 * The same method with every rounding error turned round: w - d where it makes w + d. Half the sum of both models' losses
 * is free of what is linear in d, half their difference is that part.
 */
export function mirrored(method: Method): Method {
  return defineMethod({
    ...method,
    name: `mirrored-${method.name}`,
    block: async (block, context) => method.block?.(withTurnedErrors(block), context),
  });
}

function withTurnedErrors(block: BlockDraft): BlockDraft {
  const originals = new Map<LayerDraft, LayerDraft>();
  const turned = new Map(block.layers.map((layer) => [layer, turn(layer)] as const));
  for (const [layer, copy] of turned) originals.set(copy, layer);
  const copyOf = (layer: LayerDraft): LayerDraft => turned.get(layer) as LayerDraft;
  const originalOf = (copy: LayerDraft): LayerDraft => originals.get(copy) as LayerDraft;
  const { index, model } = block;
  return {
    ...{ index, model, block: block.block },
    layers: block.layers.map(copyOf),
    stages: block.stages.map((stage) => stage.map(copyOf)),
    statistics: async (layers, kinds, place) => {
      const found = await block.statistics(layers.map(originalOf), kinds, place);
      return new Map([...found].map(([layer, each]) => [copyOf(layer), each]));
    },
    sample: (site, limit) => block.sample(site, limit),
    replay: async (module) => {
      const replay = await block.replay(module);
      const { parts, values } = replay;
      const original = (weights: ReadonlyMap<LayerDraft, Float32Array>): Map<LayerDraft, Float32Array> =>
        new Map([...weights].map(([copy, each]) => [originalOf(copy), each]));
      return { parts, values, error: (weights, part) => replay.error(original(weights), part) };
    },
  };
}

function turn(layer: LayerDraft): LayerDraft {
  return {
    linear: layer.linear,
    weight: () => layer.weight(),
    setWeight: (values) => layer.setWeight(values),
    async encode(parts) {
      const { rows, cols, data } = await layer.weight();
      const decoded = await decodeWeight({ rows, cols, parts }, await loadKernels());
      layer.setWeight(data.map((w, i) => 2 * w - (decoded[i] as number)));
    },
  };
}
