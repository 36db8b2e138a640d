import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { openArtifact, openCheckpoint } from '@lowbit/core';
import type { Checkpoint, Codebook, Operators } from '@lowbit/core';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';
import { decodeLlama } from './support/decode-llama.js';
import type { Row } from './support/decode-llama.js';
import { operatorAt, percentile } from './support/kvquant-rules.js';
import { calibrationSequences, distance, kernels, makeArtifact } from './support/tiny-artifacts.js';

t.test('ranges and levels are those of the calibration tokens', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, {});
  const model = await openCheckpoint(checkpoint, kernels);
  for (const [outliers, firstTokens] of [
    [0.05, 2],
    [0, 1],
  ] as const) {
    const seen = await observe(model, firstTokens);
    const options = `bits=2,outliers=${outliers},firstTokens=${firstTokens}`;
    const plain = await readOperators(await makeArtifact(checkpoint, `kvquant(${options})`, folder));
    const normed = await readOperators(await makeArtifact(checkpoint, `kvquant(${options},qNorm=true)`, folder));
    for (const [block, { keys, values }] of seen.entries()) {
      const { range, ...keyBook } = operatorAt(plain, block, 'keyBeforeRope');
      if (range.per !== 'channel') return t.fail('keys have channel ranges');
      const columns = range.low.map((_, i) => i);
      const sorted = [...columns].map((i) => keys.map((row) => row[i] ?? NaN).sort((a, b) => a - b));
      const low = sorted.map((column) => percentile(column, outliers / 2));
      const high = sorted.map((column) => percentile(column, 1 - outliers / 2));
      t.ok(distance(range.low, low) < 1e-5 && distance(range.high, high) < 1e-5, 'percentiles of the channels');
      t.same([range.low.length, range.keepOutside], [32, outliers > 0]);
      const scaledKeys = keys.flatMap((row) => [...row].map((x, i) => scale(x, low[i] ?? NaN, high[i] ?? NaN)));
      checkLevels(t, `keys of block ${block}`, scaledKeys, keyBook, operatorAt(normed, block, 'keyBeforeRope'));
      const scaledValues = values.flatMap((row) => {
        const ordered = row.toSorted();
        const ends = [percentile(ordered, outliers / 2), percentile(ordered, 1 - outliers / 2)] as const;
        return [...row].map((x) => scale(x, ...ends));
      });
      const { range: tokenRange, ...valueBook } = operatorAt(plain, block, 'value');
      t.same(tokenRange, { per: 'token', outliers: outliers === 0 ? 0 : 1 });
      checkLevels(t, `values of block ${block}`, scaledValues, valueBook, operatorAt(normed, block, 'value'));
    }
  }
});

const scale = (x: number, low: number, high: number): number => (2 * x - low - high) / (high - low);
const readOperators = async (artifact: string): Promise<Operators> => (await openArtifact(artifact)).readOperators();

/** Keys before the position encoding and values of every calibration token behind the first ones, by block. */
async function observe(model: Checkpoint, firstTokens: number): Promise<{ keys: Row[]; values: Row[] }[]> {
  const seen = model.decoder.blocks.map(() => ({ keys: [] as Row[], values: [] as Row[] }));
  const into = (side: 'keys' | 'values') => (block: number, position: number, row: Row) => {
    if (position >= firstTokens) seen[block]?.[side].push(row);
    return row;
  };
  // The decode reads every token but the last.
  for (const sequence of calibrationSequences)
    await decodeLlama(model, Int32Array.of(...sequence, 0), { key: into('keys'), value: into('values') });
  return seen;
}

type Book = Pick<Codebook, 'levels' | 'boundaries'>;

/** Levels are the means of what lies nearest to them, and Q-Norm keeps mean and deviation of what is rounded. */
function checkLevels(t: Test, what: string, scaled: number[], plain: Book, normed: Book): void {
  // The ends of a range are values themselves, here in float64.
  const inner = scaled.filter((x) => Math.abs(x) < 1 + 1e-6);
  const { levels } = plain;
  const codeOf = (x: number): number => {
    const distances = Array.from(levels, (level) => Math.abs(x - level));
    return distances.indexOf(Math.min(...distances));
  };
  const mean = (values: number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  const deviation = (values: number[]): number => Math.sqrt(mean(values.map((x) => (x - mean(values)) ** 2)));
  const means = Array.from(levels, (_, code) => mean(inner.filter((x) => codeOf(x) === code)));
  // Bins of 1.2e-4, of which those at a boundary may fall to the other side.
  t.ok(distance(levels, means) < 1e-3, `${what}: levels are means, ${distance(levels, means)}`);
  const halfway = plain.boundaries.map((_, i) => ((levels[i] ?? NaN) + (levels[i + 1] ?? NaN)) / 2);
  t.ok(distance(plain.boundaries, halfway) < 1e-7, 'boundaries lie halfway');
  const rounded = inner.map((x) => levels[codeOf(x)] ?? NaN);
  const spread = deviation(inner) / deviation(rounded);
  const expected = Array.from(levels, (level) => level * spread + mean(inner) - mean(rounded) * spread);
  t.ok(distance(normed.levels, expected) < 1e-3, `${what}: Q-Norm, ${distance(normed.levels, expected)}`);
  t.same(normed.boundaries, plain.boundaries, 'which leaves the boundaries');
}
