import { createRandomBits, randomNormal } from '@lowbit/kernels';
import { drawResamples, mcnemarPower, mcnemarTest, pairedBootstrap, pairedMeanPower } from '@lowbit/core';
import t from 'tap';

// 2,000 simulated comparisons each, seeds fixed. A share p seen in them has a standard error of sqrt(p (1 - p) / 2000):
// 0.5 % at 5 %, 1.1 % at 50 %. Three of them are allowed.
const trials = 2000;
const alpha = 0.05;
const error = (share: number): number => Math.sqrt((share * (1 - share)) / trials);

function flagged(trial: (seed: number) => number): number {
  let count = 0;
  for (let seed = 1; seed <= trials; seed++) if (trial(seed) < alpha) count++;
  return count / trials;
}

/** p of exact McNemar on `n` questions that `a` alone gets right with probability `aOnly`, `b` alone with `bOnly`. */
function simulateAnswers(aOnly: number, bOnly: number, n: number): number {
  return flagged((seed) => {
    const bits = createRandomBits(seed);
    const [a, b]: [number[], number[]] = [[], []];
    for (let i = 0; i < n; i++) {
      const draw = bits() / 2 ** 32;
      const same = Number(bits() >= 2 ** 31);
      a.push(draw < aOnly ? 1 : draw < aOnly + bOnly ? 0 : same);
      b.push(draw < aOnly ? 0 : draw < aOnly + bOnly ? 1 : same);
    }
    return mcnemarTest(a, b).p;
  });
}

/**
 * p of the paired bootstrap on `n` documents of 50 to 500 tokens, which differ by far more than the two models do.
 * `effect` is the true difference a token, in deviations of a document's difference a token.
 */
function simulateLosses(effect: number, n: number, tokensOf: (bits: () => number) => number): number {
  const resamples = drawResamples(n, { replicates: 499, seed: 3 });
  return flagged((seed) => {
    const bits = createRandomBits(seed);
    const tokens = Array.from({ length: n }, () => tokensOf(bits));
    const b = tokens.map((count) => count * (3 + randomNormal(bits)));
    const a = b.map((loss, i) => loss + (tokens[i] as number) * 0.02 * (effect + randomNormal(bits)));
    return pairedBootstrap(a, b, tokens, resamples).p;
  });
}

const uneven = (bits: () => number): number => 50 + Math.floor((450 * bits()) / 2 ** 32);

t.test('equal models are called different at most at the nominal rate', async (t) => {
  const most = alpha + 3 * error(alpha);
  for (const [n, share] of [
    [100, 0.04],
    [400, 0.08],
    [1000, 0.15],
  ] as const) {
    const rate = simulateAnswers(share, share, n);
    t.ok(rate <= most, `exact McNemar, ${n} questions: ${rate}`);
    const expected = mcnemarPower({ aOnly: share, bOnly: share }, n);
    t.ok(expected <= alpha, `and by computation never above: ${expected}`);
    t.ok(Math.abs(rate - expected) < 3 * error(expected), `as computed: ${expected}`);
  }
  for (const n of [10, 40, 100]) {
    const rate = simulateLosses(0, n, uneven);
    t.ok(rate <= most, `paired bootstrap, ${n} documents: ${rate}`);
    // Far below would be a test that finds nothing.
    t.ok(rate > alpha / 3, `${n} documents: ${rate}`);
  }
});

t.test('known differences are found with the computed power', async (t) => {
  for (const [aOnly, bOnly, n] of [
    [0.1, 0.04, 200],
    [0.08, 0.05, 1000],
    [0.05, 0.02, 500],
  ] as const) {
    const [rate, expected] = [simulateAnswers(aOnly, bOnly, n), mcnemarPower({ aOnly, bOnly }, n)];
    t.ok(Math.abs(rate - expected) < 3 * error(expected), `exact McNemar, ${n} questions: ${rate} for ${expected}`);
  }
  // Windows of equal length, where the paired t test is the yardstick. The bootstrap pays for 20 windows with 3 % of power.
  for (const [effect, n] of [
    [0.6, 20],
    [0.3, 80],
    [0.25, 100],
  ] as const) {
    const [rate, expected] = [simulateLosses(effect, n, () => 100), pairedMeanPower(effect, n)];
    t.ok(Math.abs(rate - expected) < 3 * error(expected) + 0.03, `bootstrap, ${n} windows: ${rate} for ${expected}`);
  }
});
