import { cutWindows, rollText } from '@lowbit/core';
import t from 'tap';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const prefix = 99;

/** [context, scored] of each window. */
function roll(length: number, window: number): [number[], number[]][] {
  const tokens = Int32Array.from(range(0, length));
  return rollText(tokens, prefix, window).map(({ ids, scoredFrom }) => [
    [...ids.subarray(0, scoredFrom)],
    [...ids.subarray(scoredFrom)],
  ]);
}

// lm-evaluation-harness 0.4.13: [make_disjoint_window(w) for w in get_rolling_token_windows(range(n), 99, window, 1)]
t.test('windows are those of the harness', async (t) => {
  t.strictSame(roll(10, 4), [
    [[99], [0, 1, 2, 3]],
    [[3], [4, 5, 6, 7]],
    [
      [5, 6, 7],
      [8, 9],
    ],
  ]);
  t.strictSame(roll(8, 4), [
    [[99], [0, 1, 2, 3]],
    [[3], [4, 5, 6, 7]],
  ]);
  t.strictSame(roll(3, 4), [[[99], [0, 1, 2]]]);
  t.strictSame(roll(0, 4), []);
});

t.test('each token is scored once and no window feeds more than its length', async (t) => {
  for (const window of range(2, 12)) {
    const rolled = range(1, 40).map((length) => roll(length, window));
    t.strictSame(
      rolled.map((windows) => windows.flatMap(([, scored]) => scored)),
      range(1, 40).map((length) => range(0, length)),
    );
    t.ok(rolled.flat().every(([context, scored]) => context.length + scored.length <= window + 1));
  }
});

t.test("the papers' windows are equal and the tail is dropped", async (t) => {
  const ids = Int32Array.from(range(0, 11));
  t.strictSame(cutWindows(ids, 4), [Int32Array.of(0, 1, 2, 3), Int32Array.of(4, 5, 6, 7)]);
  t.strictSame(cutWindows(ids, 4, 1), [Int32Array.of(0, 1, 2, 3)]);
  t.throws(() => cutWindows(ids, 12), { code: 'TASK_SHORT', message: /12 tokens, but it has 11/ });
});
