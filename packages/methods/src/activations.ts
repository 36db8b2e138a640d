import { defineMethod, z } from '@lowbit/core';
import type { Quantize } from '@lowbit/core';

/**
 * Quantizes the inputs of the blocks' linears in the forward pass, in float arithmetic (simulated). Symmetric:
 * s = clipRatio * max|x| / (2^(bits-1) - 1). What lies at a site already, a rotation for instance, comes first.
 */
export const activations = defineMethod({
  name: 'activations',
  version: '1',
  description: 'rounds the inputs of linears, dynamic per token by default',
  source: 'arXiv:2211.10438 table 2; spcl/QuaRot 5008669 quant_utils',
  options: z.object({
    bits: z.int().min(2).max(8).default(8).describe('width of a code'),
    granularity: z.enum(['tensor', 'token', 'group']).default('token').describe('what shares a scale'),
    groupSize: z.int().min(1).optional().describe('neighbouring channels sharing a scale, for group'),
    symmetric: z.boolean().default(true).describe('zero maps to a fixed middle code'),
    clipRatio: z.number().positive().max(1).default(1).describe('share of the range that is kept'),
    range: z
      .enum(['dynamic', 'static'])
      .default('dynamic')
      .describe('from each value as it comes, or per tensor from calibration'),
  }),
  acts: 'activations',
  needs: ({ range }) => (range === 'static' ? { statistics: ['columns'], inputs: 'float' } : undefined),
  async block(block, { options }) {
    const { range, ...rest } = options;
    const statistics = range === 'static' ? await block.statistics(block.layers, ['columns']) : undefined;
    for (const layer of block.layers) {
      const columns = statistics?.get(layer)?.columns;
      const bounds = columns && {
        low: columns.min.reduce((a, b) => Math.min(a, b), 0),
        high: columns.max.reduce((a, b) => Math.max(a, b), 0),
      };
      const quantize: Quantize = { kind: 'quantize', ...rest, ...(bounds ? { range: bounds } : {}) };
      const site = `${layer.linear.name}.input` as const;
      block.model.setOperators(site, [...block.model.operators(site), quantize]);
    }
  },
});
