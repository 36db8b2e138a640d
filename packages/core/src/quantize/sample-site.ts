import type { BlockState } from '../draft/draft.js';
import { exactOperators } from '../draft/operators.js';
import type { SampledSite } from '../draft/operators.js';
import type { BlockRunner } from '../engine/block-runner.js';
import { observedWidths } from '../engine/graphs.js';
import type { SiteSamples } from '../method.js';
import type { HiddenStates } from './hidden-states.js';

/** Runs a block up to one of its sites and keeps `limit` evenly spaced tokens, or all where there are no more. */
export async function sampleSite(
  runner: BlockRunner,
  states: HiddenStates,
  { block, draft }: BlockState,
  name: SampledSite,
  limit: number,
): Promise<SiteSamples> {
  const site = `block.${block.index}.${name}` as const;
  const operators = exactOperators(draft.sites);
  const run = await runner.open({ block, operators, read: draft.current.bind(draft), observed: [site], next: false });
  const width = observedWidths(block).get(site) as number;
  const total = states.batches.reduce((sum, { sequences, length }) => sum + sequences * length, 0);
  const tokens = Math.min(limit, total);
  const samples = { tokens, values: new Float32Array(tokens * width), positions: new Int32Array(tokens) };
  let [taken, first] = [0, 0];
  for (const [i, { sequences, length }] of states.batches.entries()) {
    const { observed } = await run(await states.read(i), sequences, length);
    const values = observed.get(site) as Float32Array;
    for (; taken < tokens; taken++) {
      const token = Math.floor(((taken + 0.5) * total) / tokens) - first;
      if (token >= sequences * length) break;
      samples.values.set(values.subarray(token * width, (token + 1) * width), taken * width);
      samples.positions[taken] = token % length;
    }
    first += sequences * length;
  }
  return samples;
}
