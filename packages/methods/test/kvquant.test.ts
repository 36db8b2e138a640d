import { join } from 'node:path';
import t from 'tap';
import { inspectSubject, needsCalibration, openArtifact, openCheckpoint, resolveRecipe } from '@lowbit/core';
import type { Codebook, Operators, Pack } from '@lowbit/core';
import { uniformNumbers } from '../../core/test/fixtures/random.js';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';
import { decodeLlama } from './support/decode-llama.js';
import type { CacheRules, Row } from './support/decode-llama.js';
import { operatorAt, percentile, roundKey, roundValue, snapToLevels, snapUniform } from './support/kvquant-rules.js';
import type { Snap } from './support/kvquant-rules.js';
import { distance, kernels, lossesOf, makeArtifact, openScorer, registry } from './support/tiny-artifacts.js';

/** No token of the calibration: in block 0 a key depends on its token alone, and would lie on a threshold itself. */
const ids = Int32Array.from({ length: 41 }, (_, i) => 200 + ((i * i * 31 + i * 17 + 5) % 50));
const keepAll: CacheRules = { key: (_block, _position, row) => row, value: (_block, _position, row) => row };

/** The rules of an artifact's operators, put down anew; `snap` stands in for its levels. */
function rulesOf(operators: Operators, outliers: number, firstTokens: number, snap?: Snap): CacheRules {
  const snapOf = ({ levels, boundaries }: Codebook): Snap => snap ?? snapToLevels(levels, boundaries);
  return {
    key(block, position, row) {
      const operator = operatorAt(operators, block, 'keyBeforeRope');
      if (position < firstTokens || operator.range.per !== 'channel') return row;
      return roundKey(row, operator.range.low, operator.range.high, outliers > 0, snapOf(operator));
    },
    value: (block, position, row) =>
      position < firstTokens ? row : roundValue(row, outliers, snapOf(operatorAt(operators, block, 'value'))),
  };
}

t.test('the rules of these tests are those of the KVQuant code', async (t) => {
  // quant_fn_nuq_recon and quant_fn_zp of 57a2383 on this formula, torch 2.9.1: mean squared errors of 64 x 48 numbers, keys
  // by channel and values by token. Float32 there, float64 here.
  const [tokens, width] = [64, 48];
  const sample = (seed: number): Row[] => {
    const next = uniformNumbers(seed);
    return Array.from({ length: tokens }, () =>
      Float64Array.from({ length: width }, (_, i) =>
        Math.fround((next() + next() + next() - 1.5) ** 3 * (1 + (i % 5)) + (i % 3)),
      ),
    );
  };
  const [keys, values] = [sample(11), sample(12)];
  for (const { outliers, firstTokens, bits, key, value } of [
    { outliers: 0.1, firstTokens: 2, bits: 2, key: [0.083230554, 0.095459033], value: [0.071173405, 0.078814939] },
    { outliers: 0.1, firstTokens: 2, bits: 4, key: [0.003667874, 0.004028003], value: [0.005280332, 0.003100964] },
    { outliers: 0.01, firstTokens: 0, bits: 2, key: [0.399941306, 0.639086714], value: [0.24650116, 0.263085256] },
    { outliers: 0.01, firstTokens: 0, bits: 4, key: [0.018420867, 0.024608576], value: [0.014674695, 0.010111626] },
    { outliers: 0, firstTokens: 0, bits: 4, key: [NaN, 0.032821622], value: [NaN, 0.029988849] },
  ]) {
    const columns = Array.from({ length: width }, (_, i) => keys.map((row) => row[i] ?? NaN).sort((a, b) => a - b));
    const low = columns.map((column) => percentile(column, outliers / 2));
    const high = columns.map((column) => percentile(column, 1 - outliers / 2));
    // Uneven levels, so that a wrong normalisation shows.
    const even = Array.from({ length: 2 ** bits }, (_, i) => -0.9 + (1.85 * i) / (2 ** bits - 1));
    const levels = even.map((x) => Math.sign(x) * Math.abs(x) ** 1.5);
    const errorOf = (rows: Row[], round: (row: Row) => Row): number => {
      const each = rows.map((row, i) => (i < firstTokens ? row : round(row)).map((x, j) => (x - (row[j] ?? NaN)) ** 2));
      return each.flatMap((row) => [...row]).reduce((sum, x) => sum + x, 0) / (tokens * width);
    };
    for (const [i, snap] of [snapToLevels(levels), snapUniform(bits)].entries()) {
      if (Number.isNaN(key[i])) continue;
      const found = [
        errorOf(keys, (row) => roundKey(row, low, high, outliers > 0, snap)),
        errorOf(values, (row) => roundValue(row, outliers, snap)),
      ];
      t.ok(distance(found, [key[i] ?? NaN, value[i] ?? NaN]) < 1e-6, `${outliers} ${bits} ${i}: ${found.join(' ')}`);
    }
  }
});

for (const family of ['llama', 'qwen3'] as const)
  t.test(`${family}: one forward equals a decode that keeps a cache, token by token`, async (t) => {
    const folder = t.testdir();
    const checkpoint = join(folder, 'model');
    await makeTinyCheckpoint(checkpoint, { family });
    const model = await openCheckpoint(checkpoint, kernels);
    const float = await decodeLlama(model, ids, keepAll);
    t.ok(distance((await lossesOf(checkpoint, folder, [ids]))[0] ?? [], float) < 2e-5, 'the decode itself is right');
    for (const [options, outliers, firstTokens, snap] of [
      ['bits=2', 0.01, 1],
      ['bits=2,qNorm=true', 0.01, 1],
      ['bits=3,outliers=0.2,firstTokens=3', 0.2, 3],
      ['bits=4,outliers=0,firstTokens=0', 0, 0],
      ['bits=4,codebook=normalfloat', 0.01, 1],
      ['bits=2,codebook=uniform,outliers=0,firstTokens=0', 0, 0, snapUniform(2)],
      ['bits=4,codebook=uniform', 0.01, 1, snapUniform(4)],
    ] as const) {
      const text = `kvquant(${options})`;
      const artifact = await makeArtifact(checkpoint, text, folder);
      const operators = await (await openArtifact(artifact)).readOperators();
      const [losses = []] = await lossesOf(artifact, folder, [ids]);
      const expected = await decodeLlama(model, ids, rulesOf(operators, outliers, firstTokens, snap));
      // float32 against float64; a key or value at the edge of two levels may fall to either side.
      t.ok(distance(losses, expected) < 1e-4, `${text}: ${distance(losses, expected)}`);
      t.ok(distance(losses, float) > 1e-2, 'and something was rounded');
    }
  });

t.test('more bits are nearer to float; what stays exact is exact', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, {});
  const scored = Array.from({ length: 8 }, (_, s) => ids.map((_, i) => (s * 977 + i * i * 37 + i * 11) % 300));
  const float = await lossesOf(checkpoint, folder, scored);
  const errorOf = async (text: string, calibrated?: readonly Int32Array[]): Promise<number> => {
    const losses = await lossesOf(await makeArtifact(checkpoint, text, folder, calibrated), folder, scored);
    const squares = losses.flatMap((each, s) => [...each].map((loss, i) => (loss - (float[s]?.[i] ?? NaN)) ** 2));
    return Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / squares.length);
  };
  const errors: number[] = [];
  for (const preset of ['kvquant-nuq4-1p', 'kvquant-nuq3-1p', 'kvquant-nuq2-1p']) errors.push(await errorOf(preset));
  const [four = NaN, three = NaN, two = NaN] = errors;
  t.ok(four < three && three < two, `${four} < ${three} < ${two}`);
  const even = await errorOf('kvquant(bits=3,codebook=uniform)');
  t.ok(three < even, `fitted levels are nearer than even ones: ${three} < ${even}`);
  t.ok(three > (await errorOf('kvquant(bits=3,outliers=0.3)')), 'and more outliers nearer still');
  const long = [Int32Array.from({ length: 60 }, (_, i) => (i * i * 7) % 250)];
  t.ok((await errorOf('kvquant(bits=2,firstTokens=41)', long)) < 2e-5, 'the first tokens are exact');
});

t.test('no token sees a later one, and a tree of prefixes gives the same as sequences', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, { family: 'mistral' });
  const artifact = await makeArtifact(checkpoint, 'kvquant(bits=2,firstTokens=3)', folder);
  const changed = ids.map((id, i) => (i === 30 ? id + 1 : id));
  const [a = new Float32Array(), b = new Float32Array()] = await lossesOf(artifact, folder, [ids, changed]);
  t.ok(distance(a.slice(0, 29), b.slice(0, 29)) < 1e-6);
  t.ok(distance(a, b) > 1e-3);
  const subject = await openScorer(artifact, folder);
  t.equal(subject.scorer.sharesPrefixes, true);
  // Two branches behind two common tokens: the third is at position 2, and exact, in both.
  const [first, second] = [ids.slice(0, 8), Int32Array.from([...ids.slice(0, 2), ...changed.slice(20, 30)])];
  const [tree] = await subject.scorer.scorePacks([branch(first, second, 2)]);
  const alone = await subject.scorer.scoreSequences([first, second]);
  t.ok(
    distance(
      tree?.nll ?? [],
      alone.flatMap((nll) => [...nll.slice(1)]),
    ) < 2e-5,
    'packed',
  );
  await subject.release();
});

/** Two sequences that share their first tokens; every token behind these is a target. */
function branch(first: Int32Array, second: Int32Array, shared: number): Pack {
  const rest = [first.length - shared, second.length - shared] as const;
  const range = (count: number, from: number): number[] => Array.from({ length: count }, (_, i) => from + i);
  const whole = shared + rest[0] + rest[1];
  return {
    ids: Int32Array.from([...first, ...second.slice(shared)]),
    positions: Int32Array.from([...range(first.length, 0), ...range(rest[1], shared)]),
    ends: Int32Array.from([
      ...range(shared, 0).map(() => whole),
      ...range(rest[0], 0).map(() => first.length),
      ...range(rest[1], 0).map(() => whole),
    ]),
    rows: Int32Array.of(0, whole),
    sources: Int32Array.from([...range(rest[0], shared - 1), shared - 1, ...range(rest[1] - 1, first.length)]),
    targets: Int32Array.from([...first.slice(shared), ...second.slice(shared)]),
  };
}

t.test('calibration and weights know nothing of the rounded cache, and transforms may come before it', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, {});
  const layersOf = async (text: string): Promise<number[]> =>
    (await inspectSubject(await makeArtifact(checkpoint, text, folder), kernels)).layers.map(
      ({ weightError }) => weightError,
    );
  t.same(await layersOf('kvquant(bits=2)+gptq(bits=4,groupSize=16)'), await layersOf('gptq(bits=4,groupSize=16)'));
  const [float = []] = await lossesOf(checkpoint, folder, [ids]);
  const [rotated = []] = await lossesOf(await makeArtifact(checkpoint, 'quarot+kvquant(bits=4)', folder), folder, [
    ids,
  ]);
  t.ok(distance(rotated, float) < 0.5, `${distance(rotated, float)}`);
});

t.test('a calibration of one token leaves ranges without width', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, {});
  const text = 'kvquant(bits=2,qNorm=true,outliers=0,firstTokens=0)';
  const [losses = []] = await lossesOf(await makeArtifact(checkpoint, text, folder, [ids.slice(0, 1)]), folder, [ids]);
  t.ok(losses.length === 40 && losses.every((loss) => Number.isFinite(loss)));
});

t.test('what cannot be done is explained', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, {});
  for (const text of ['kvquant(bits=5)', 'kvquant(outliers=1)', 'kvquant(outliers=-0.1)', 'kvquant(firstTokens=-1)'])
    t.throws(() => resolveRecipe(text, registry), { code: 'METHOD_OPTION' }, text);
  t.throws(() => resolveRecipe('kv+kvquant', registry), { code: 'RECIPE_ORDER' });
  t.equal(needsCalibration(resolveRecipe('kvquant', registry)), true, 'a run samples calibration for it');
  await t.rejects(makeArtifact(checkpoint, 'kvquant(codebook=uniform,qNorm=true)', folder), {
    code: 'METHOD_OPTION',
    message: /codebook=kmeans/,
  });
  await t.rejects(makeArtifact(checkpoint, 'kvquant(firstTokens=40)', folder), {
    code: 'METHOD_NEEDS',
    message: /longer/,
  });
  await t.rejects(makeArtifact(checkpoint, 'kvquant', folder, []), { code: 'METHOD_NEEDS', message: /calibration/ });
});
