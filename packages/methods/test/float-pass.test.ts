import t from 'tap';
import { inspectSubject } from '@lowbit/core';
import type { LayerRecord } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import type { Kernels } from '@lowbit/kernels';
import { TinyRecipes } from './tiny-recipes.js';

// A pass for statistics of the float model leaves the next block's states behind; recipes that do not collect there, or
// collect on an edited block, must see the same ones.
t.test('float states behind a block are the same whichever pass made them', async (t) => {
  const kernels = await loadKernels();
  const tiny = await TinyRecipes.create(t.testdir(), { config: { num_hidden_layers: 3 } });
  const collected = 'gptq(bits=4,inputs=float)';
  // rtn collects nothing; smoothquant edits the block before gptq collects: the host advances the states itself.
  const texts = [collected, `smoothquant(alpha=0)+${collected}`, 'gptq(bits=8)'];
  const traces: number[][] = [];
  for (const text of texts) {
    const [folder] = await tiny.outcome(text);
    const { layers } = await inspectSubject(folder as string, kernels);
    traces.push(unscaled(layers));
  }
  const [once = [], edited = [], rounded = []] = traces;
  t.equal(once.length, 6);
  for (const [i, trace] of once.entries()) {
    t.ok(Math.abs((edited[i] ?? NaN) / trace - 1) < 1e-4, `${trace}, ${edited[i]}`);
    t.ok(Math.abs((rounded[i] ?? NaN) / trace - 1) < 0.05, `${trace}, ${rounded[i]}`);
  }
  const together = await tiny.outcome(...texts);
  const { layers } = await inspectSubject(together[0] as string, kernels);
  t.same(unscaled(layers), once);
});

/** Traces of the second moments at what alpha 0, which scales by the weights, leaves as it was: the inputs of o and down. */
function unscaled(layers: readonly LayerRecord[]): number[] {
  return layers.filter(({ layer }) => /o_proj|down_proj/.test(layer)).map(({ hessianTrace }) => hessianTrace ?? NaN);
}

t.test('a search finds the same whether its modules ran in the pass for statistics or on their own', async (t) => {
  const tiny = await TinyRecipes.create(t.testdir(), { config: { num_hidden_layers: 3 } });
  const awq = 'awq(bits=3,groupSize=16)';
  // A quantizer of the cache is left out of calibration, but the model is no longer the checkpoint's.
  const [shared, own] = [await tiny.make(awq), await tiny.make(`kv(bits=8)+${awq}`)];
  const ratios = ({ record }: typeof shared) => record.layers.map(({ notes }) => notes?.['ratio']);
  t.same(ratios(shared), ratios(own));
  t.ok(
    ratios(shared).some((ratio) => ratio !== 0),
    'and it found scales',
  );
});

t.test('recipes that read the float model share one pass, whatever each asks for', async (t) => {
  const tiny = await TinyRecipes.create(t.testdir(), { config: { num_hidden_layers: 3 } });
  const recipes = ['smoothquant(alpha=0.5)+rtn(bits=8)', 'gptq(bits=4,inputs=float)', 'awq(bits=3,groupSize=16)'];
  const kernels = await loadKernels();
  const count = async (...texts: string[]): Promise<{ moments: number; traces: unknown }> => {
    let moments = 0;
    const counting: Kernels = {
      ...kernels,
      addSecondMoment: (...values) => (moments++, kernels.addSecondMoment(...values)),
    };
    const folders = await tiny.outcomeBy(counting, texts);
    const { layers } = await inspectSubject(folders.at(-1) as string, kernels);
    return { moments, traces: layers.map(({ notes }) => notes?.['ratio']) };
  };
  const [alone, together] = [await count('awq(bits=3,groupSize=16)'), await count(...recipes)];
  t.ok(alone.moments > 0);
  t.same(together, alone);
});
