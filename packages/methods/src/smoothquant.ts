import { checkNormStage, defineMethod, scaleStage, stageLayers, z } from '@lowbit/core';
import type { LayerDraft, Stage } from '@lowbit/core';

/** What the reference clamps scales and weight maxima to. */
const least = 1e-5;

/**
 * SmoothQuant (arXiv:2211.10438, equation 4): each norm's output channel j is divided by
 * s_j = max|x_j|^alpha / max|w_j|^(1 - alpha), the columns that read it are multiplied. An exact edit; what quantizes
 * weights and activations are steps of their own behind it.
 */
export const smoothquant = defineMethod({
  name: 'smoothquant',
  version: '1',
  description: 'moves activation outliers into the weights by a fixed scale per channel; exact',
  source: 'arXiv:2211.10438; mit-han-lab/smoothquant c61476d',
  options: z.object({
    alpha: z.number().min(0).max(1).default(0.5).describe('share of the outliers that the weights take'),
    dead: z
      .enum(['keep', 'reference'])
      .default('keep')
      .describe(
        'channels that are zero on all calibration tokens: left alone, or scaled by 1e-5 as the reference does',
      ),
  }),
  acts: 'scale',
  needs: () => ({ statistics: ['columns'], inputs: 'float' }),
  plan: ({ blocks }) => {
    for (const block of blocks) for (const stage of ['attention', 'mlp'] as const) checkNormStage(block, stage);
    return {};
  },
  async block(block, { options }) {
    const stages: Stage[] = ['attention', 'mlp'];
    const groups = stages.map((stage) => stageLayers(block, stage));
    const statistics = await block.statistics(groups.flat(), ['columns']);
    for (const [i, stage] of stages.entries()) {
      const layers = groups[i] as LayerDraft[];
      const absMax = statistics.get(layers[0] as LayerDraft)?.columns?.absMax as Float32Array;
      const weightMax = await columnMaxima(layers);
      const factors = absMax.map((a, j) => {
        if (a === 0 && options.dead === 'keep') return 1;
        const weight = Math.max(least, weightMax[j] as number);
        return Math.max(least, a ** options.alpha / weight ** (1 - options.alpha));
      });
      scaleStage(block.model, block.block, stage, factors);
    }
  },
});

/** Over the rows of all layers that read one value. */
async function columnMaxima(layers: readonly LayerDraft[]): Promise<Float32Array> {
  const maxima = new Float32Array(layers[0]?.linear.cols ?? 0);
  for (const layer of layers) {
    const { data, cols } = await layer.weight();
    for (let i = 0; i < data.length; i++)
      maxima[i % cols] = Math.max(maxima[i % cols] as number, Math.abs(data[i] as number));
  }
  return maxima;
}
