import t from 'tap';
import { roundHalfEven } from '@lowbit/kernels';

t.test('ties go to the even neighbour, everything else to the nearest', async (t) => {
  const cases: [number, number][] = [
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, 0],
    [-1.5, -2],
    [-7.5, -8],
    [0.4999999, 0],
    [0.5000001, 1],
    [-2.4, -2],
    [8388609, 8388609],
    [Infinity, Infinity],
  ];
  for (const [value, expected] of cases) t.equal(roundHalfEven(value) + 0, expected, String(value));
});
