// Eight recipes of SmolLM2 made together, which share block reads, the float pass and its statistics, beside the same eight
// made one after the other. LOWBIT_BENCH_SEQUENCES: how many of the 32 calibration sequences (default 8).
import { calibration, quantize } from './quantize.mjs';

const recipes = [
  'rtn(bits=4,groupSize=64)',
  'rtn(bits=3,groupSize=64)',
  'gptq(bits=4,groupSize=64,inputs=float)',
  'gptq(bits=3,groupSize=64,inputs=float)',
  'gptq(bits=4,groupSize=64)',
  'awq(bits=4,groupSize=64,search=halving)',
  'awq(bits=3,groupSize=64,search=halving)',
  'smoothquant(alpha=0.8)+rtn(bits=8,grid=smoothquant)+activations(bits=8)',
];
const sequences = calibration.slice(0, Number(process.env.LOWBIT_BENCH_SEQUENCES ?? 8));

const together = await quantize(recipes, sequences);
let apart = 0;
for (const recipe of recipes) {
  const seconds = await quantize([recipe], sequences);
  console.log(`${seconds.toFixed(1).padStart(7)} s  ${recipe}`);
  apart += seconds;
}
console.log(
  `${recipes.length} recipes, ${sequences.length} x ${sequences[0].length} tokens: ${together.toFixed(1)} s together, ${apart.toFixed(1)} s one by one, ratio ${(apart / together).toFixed(2)}`,
);
