import { hadamardFactors, hasHadamard, randomOrthogonal, randomSigns } from '@lowbit/kernels';
import type { RotationFactor } from '@lowbit/kernels';
import {
  checkResidual,
  defineMethod,
  foldNorms,
  LowbitError,
  makeRotation,
  rotateInput,
  rotateQueriesAndKeys,
  rotateResidual,
  rotateValueHeads,
  z,
} from '@lowbit/core';
import type { Attention, Block, Operator, Site } from '@lowbit/core';

const quarotOptions = z.object({
  residual: z
    .enum(['hadamard', 'orthogonal', 'off'])
    .default('hadamard')
    .describe('of the residual stream: a Hadamard matrix with random signs, or a random orthogonal one'),
  output: z
    .enum(['auto', 'heads', 'concatenated', 'off'])
    .default('auto')
    .describe('before o_proj: Hadamard of each value head (folded) and across heads, or of all heads joined'),
  down: z.boolean().default(true).describe('a Hadamard before down_proj'),
  keys: z.boolean().default(true).describe('a Hadamard on queries and keys after the position encoding'),
  seed: z.int().min(0).default(0).describe('of signs or of the random matrix'),
});

/**
 * QuaRot's rotations (arXiv:2404.00456, section 4): the residual stream, the value heads, and Hadamards in the forward pass
 * before o_proj, before down_proj and on queries and keys. Exact; steps behind it quantize. Products in float64.
 */
export const quarot = defineMethod({
  name: 'quarot',
  version: '1',
  description: 'rotates activations so that no channel stands out; exact',
  source: 'arXiv:2404.00456; spcl/QuaRot 5008669',
  options: quarotOptions,
  acts: 'rotation',
  plan(decoder, { options }) {
    if (options.residual !== 'off') checkResidual(decoder);
    if (options.residual === 'hadamard')
      requireHadamard(decoder.hiddenSize, 'the residual stream', 'residual=orthogonal or residual=off');
    return { operators: decoder.blocks.flatMap((block) => planBlock(block, options)) };
  },
  async prepare(draft, { options, kernels }) {
    const { hiddenSize, blocks } = draft.decoder;
    if (options.residual !== 'off') {
      await foldNorms(draft);
      const rotation =
        options.residual === 'hadamard'
          ? makeRotation(hadamardFactors(hiddenSize), randomSigns(hiddenSize, options.seed))
          : makeRotation([{ size: hiddenSize, matrix: randomOrthogonal(hiddenSize, options.seed) }]);
      await rotateResidual(draft, rotation, kernels);
    }
    const made = new Map<string, ReturnType<typeof makeRotation>>();
    const share = (name: string, factors: () => RotationFactor[]): ReturnType<typeof makeRotation> => {
      const rotation = made.get(name) ?? makeRotation(factors());
      made.set(name, rotation);
      return rotation;
    };
    for (const block of blocks) {
      const { attention, mlp } = block;
      const { heads, headDim, output } = attention;
      const variant = outputVariant(options.output, attention);
      if (variant === 'heads') {
        rotateValueHeads(
          draft,
          block,
          share(`head ${headDim}`, () => hadamardFactors(headDim)),
          kernels,
        );
        const across = share(`across ${heads} ${headDim}`, () => [...hadamardFactors(heads), { size: headDim }]);
        rotateInput(draft, output, across, kernels);
      } else if (variant === 'concatenated')
        rotateInput(
          draft,
          output,
          share(`width ${output.cols}`, () => hadamardFactors(output.cols)),
          kernels,
        );
      if (options.down)
        rotateInput(
          draft,
          mlp.down,
          share(`width ${mlp.down.cols}`, () => hadamardFactors(mlp.down.cols)),
          kernels,
        );
      if (options.keys)
        rotateQueriesAndKeys(
          draft,
          block,
          share(`head ${headDim}`, () => hadamardFactors(headDim)),
        );
    }
  },
});

type Options = z.output<typeof quarotOptions>;

/** Where Hadamards will sit. */
function planBlock({ index, attention, mlp }: Block, { output, down, keys }: Options): [Site, Operator][] {
  const { heads, headDim } = attention;
  const operator: Operator = { kind: 'rotate', factors: [] };
  const sites: Site[] = [];
  const variant = outputVariant(output, attention);
  const input = attention.output.name;
  if (variant === 'heads') {
    requireHadamard(heads, `the heads before ${input}`, 'output=concatenated or output=off');
    requireHadamard(headDim, `a head before ${input}`, 'output=concatenated or output=off');
  }
  if (variant === 'concatenated') requireHadamard(attention.output.cols, `the input of ${input}`, 'output=off');
  if (variant !== 'off') sites.push(`${input}.input`);
  if (down) {
    requireHadamard(mlp.down.cols, `the input of ${mlp.down.name}`, 'down=false');
    sites.push(`${mlp.down.name}.input`);
  }
  if (keys) {
    requireHadamard(headDim, `queries and keys of block ${index}`, 'keys=false');
    sites.push(`block.${index}.query`, `block.${index}.key`);
  }
  return sites.map((site) => [site, operator]);
}

function requireHadamard(size: number, what: string, remedy: string): void {
  if (hasHadamard(size)) return;
  throw new LowbitError(
    'EDIT_REFUSED',
    `Expected a size with a Hadamard matrix for ${what}, got ${size}; set ${remedy}, or choose another model.`,
  );
}

type Variant = 'heads' | 'concatenated' | 'off';

/** Across heads needs a Hadamard matrix of the head count (SmolLM2 has 9): all heads joined is the variant without one. */
function outputVariant(wanted: Variant | 'auto', { heads }: Attention): Variant {
  if (wanted !== 'auto') return wanted;
  return hasHadamard(heads) ? 'heads' : 'concatenated';
}
