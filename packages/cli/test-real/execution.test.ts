import { readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { callLowbit } from '../test/call-lowbit.js';

const checkpoint = join(homedir(), '.cache', 'lowbit', 'models', 'SmolLM2-135M-Instruct');
const goldens = resolve('..', 'shared', 'reference', 'golden', 'calibration.json');
const tokens = 256;

const folder = t.testdir();
const [window = []] = JSON.parse(await readFile(goldens, 'utf8')) as number[][];
await writeFile(join(folder, 'ids.json'), JSON.stringify([window.slice(0, tokens)]));

async function losses(recipe: string, execution: string): Promise<number[]> {
  const args = ['score', checkpoint, '--token-ids', join(folder, 'ids.json'), '--recipe', recipe];
  const { status, stdout, stderr } = await callLowbit(t, [...args, '--execution', execution]);
  t.equal(status, 0, stderr);
  return (JSON.parse(stdout) as { nll: number[][] }).nll[0] ?? [];
}

function differences(a: number[], b: number[]): { largest: number; mean: number; deviation: number } {
  const each = a.map((loss, i) => loss - (b[i] ?? NaN));
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    largest: Math.max(...each.map(Math.abs)),
    mean: mean(each),
    deviation: Math.sqrt(mean(each.map((value) => value ** 2))),
  };
}

t.test('SmolLM2, 4 bits in groups of 64: executed losses are the simulated ones', async (t) => {
  const recipe = 'rtn(bits=4,groupSize=64)';
  const executed = await losses(recipe, 'executed');
  t.equal(executed.length, tokens - 1);
  const { largest } = differences(executed, await losses(recipe, 'simulated'));
  t.ok(largest < 1e-4, `largest difference of a token ${largest}`);
});

t.test('SmolLM2, W8A8: executed losses differ from simulated ones by less than rounding inputs costs', async (t) => {
  const weights = 'rtn(bits=8,granularity=channel)';
  const simulated = await losses(`${weights}+activations(bits=8)`, 'simulated');
  const executed = differences(await losses(`${weights}+activations(bits=8)`, 'executed'), simulated);
  const rounding = differences(await losses(weights, 'simulated'), simulated);
  const shown = JSON.stringify({ executed, rounding });
  t.comment(shown);
  // Inputs that fall to the other side of a tie spread over 30 blocks, as they do between two lowerings in float32 (measured
  // here: 0.29 a token in the root mean square for another attention, 0.28 for integers, 0.32 from float inputs).
  t.ok(executed.deviation < rounding.deviation, shown);
  t.ok(Math.abs(executed.mean) < (3 * executed.deviation) / Math.sqrt(tokens - 1), `no bias: ${shown}`);
});
