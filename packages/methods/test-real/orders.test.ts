import { join, resolve } from 'node:path';
import { makeArtifacts, openSubject, pairedInterval, Registry, resolveRecipe } from '@lowbit/core';
import type { Interval } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { awq, methods, rtn } from '@lowbit/methods';
import t from 'tap';
import { mirrored } from './support/mirrored.js';
import { scoreSimulated } from './support/simulated.js';
import { readStories } from './support/stories.js';

// The orders that the papers report, on two trained float models, each told from chance by a paired 95 % interval over
// stories that nothing was calibrated on. One grid for all weights, so that the methods alone differ.

const kernels = await loadKernels();
const device = { name: 'cpu', threads: 2 };
const registry = new Registry();
registry.add({ methods: [...methods, mirrored(awq), mirrored(rtn)] });

const weights = (method: string, bits: number): string =>
  `${method}(bits=${bits},groupSize=32,symmetric=false,grid=awq,remainder=short)`;
const [gptq4, awq4, rtn4, gptq3, awq3, rtn3] = [4, 3].flatMap((bits) =>
  ['gptq', 'awq', 'rtn'].map((method) => weights(method, bits)),
) as [string, string, string, string, string, string];
const [plain, rotated] = ['rtn(bits=4)+activations(bits=4)', 'quarot+rtn(bits=4)+activations(bits=4)'];

/** From the better to the worse. */
const orders = [
  ...[gptq4, awq4, gptq3, awq3, rotated].map((recipe) => ['float', recipe] as const),
  ...([
    [gptq4, rtn4],
    [awq4, rtn4],
    [gptq3, rtn3],
    [awq3, rtn3],
    [rotated, plain],
  ] as const),
];

const models = {
  stories260K: { path: resolve('models', 'stories260k'), headDim: 8, hidden: [] },
  /**
   * At 4 bits its rounding errors are so small that what is linear in them counts: it has no minimum of its loss on this
   * text, and turning AWQ's errors round moves the loss by 0.013, four times the difference between AWQ and RTN. Without
   * the linear part the order holds.
   */
  'TinyStories-656K': {
    path: resolve('..', 'shared', 'models', 'TinyStories-656K'),
    headDim: 16,
    hidden: [[awq4, rtn4]],
  },
};

/**
 * A cache at 4 bits may cost 1 % of perplexity: KIVI reports none beyond its noise, and here that is less than half of
 * what the mildest 4-bit weights cost.
 */
const closeToFloat = Math.log(1.01);

for (const [name, { path, headDim, hidden }] of Object.entries(models))
  t.test(name, async (t) => {
    const workFolder = t.testdir();
    const cache = `kv(bits=4,window=32,keyAxis=channel,groupSize=${headDim})`;
    const all = `quarot+gptq(bits=4)+activations(bits=4)+${cache}`;
    const turned = hidden.flat().map((text) => `mirrored-${text}`);
    const texts = [gptq4, awq4, rtn4, gptq3, awq3, rtn3, rotated, plain, cache, all, ...turned];
    const { calibration, evaluation } = await readStories(path, 64);
    const record = { source: 'tiny', samples: 64, sequenceLength: 128, tokens: 8192, seed: undefined, tokenSha256: '' };
    const outcome = await makeArtifacts({
      ...{ checkpoint: path, kernels, device, workFolder },
      recipes: texts.map((text, i) => ({ recipe: resolveRecipe(text, registry), folder: join(workFolder, `a${i}`) })),
      calibration: { sequences: calibration, record },
    });
    for (const error of outcome.values()) if (error) throw error;

    const score = async (subjectPath: string): Promise<Float32Array[]> => {
      const subject = await openSubject(subjectPath, { kernels, device, workFolder });
      const losses = await subject.scorer.scoreSequences(evaluation);
      await subject.release();
      return losses;
    };
    const losses = new Map([['float', await score(path)]]);
    for (const [i, text] of texts.entries()) losses.set(text, await score(join(workFolder, `a${i}`)));
    const sumsOf = (recipe: string): number[] =>
      (losses.get(recipe) ?? []).map((nll) => nll.reduce((a, b) => a + b, 0));
    const evenOf = (recipe: string): number[] => {
      const opposite = sumsOf(`mirrored-${recipe}`);
      return sumsOf(recipe).map((sum, i) => (sum + (opposite[i] as number)) / 2);
    };
    const counts = evaluation.map((ids) => ids.length - 1);
    const differ = (worse: number[], better: number[]): Interval => pairedInterval(worse, better, { weights: counts });
    const show = ({ value, low, high }: Interval): string =>
      `${value.toFixed(4)} (${low.toFixed(4)} to ${high.toFixed(4)})`;
    for (const text of texts) t.comment(`${text}: over float ${show(differ(sumsOf(text), sumsOf('float')))}`);

    for (const [better, worse] of orders) {
      const interval = differ(sumsOf(worse), sumsOf(better));
      if (hidden.some(([first, second]) => first === better && second === worse)) {
        const even = differ(evenOf(worse), evenOf(better));
        t.ok(interval.low < 0 && interval.high > 0, `${better} < ${worse} is hidden: ${show(interval)}`);
        t.ok(even.low > 0, `but holds without the linear part: by ${show(even)}`);
      } else t.ok(interval.low > 0, `${better} < ${worse}: by ${show(interval)}`);
    }
    const cost = differ(sumsOf(cache), sumsOf('float'));
    t.ok(cost.high < closeToFloat, `${cache} is close to float: ${show(cost)}`);
    t.ok(differ(sumsOf(gptq4), sumsOf('float')).low > closeToFloat, 'which no 4-bit weights are');

    for (const text of [gptq3, awq4, all]) {
      const recipe = resolveRecipe(text, registry);
      const request = { checkpoint: path, recipe, calibration, sequences: evaluation, workFolder };
      t.same(losses.get(text), await scoreSimulated(request), `${text}: stored and simulated losses are equal`);
    }
  });
