import t from 'tap';
import type { Quantize, StaticQuantize } from '@lowbit/core';
import { rangeOf, staticGrid } from '@lowbit/core';
import { normalNumbers } from '../fixtures/random.js';

const common = { kind: 'quantize', granularity: 'tensor', clipRatio: 1 } as const;

t.test('a stored step and zero point come back, whatever their bits', (t) => {
  const lost: string[] = [];
  for (const [i, value] of normalNumbers(400, 7).entries()) {
    const step = Math.fround(Math.abs(value) / 50 + 1e-9);
    for (const bits of [2, 3, 8])
      for (const zeroPoint of [0, 1, 2 ** bits - 1 - (i % 2)]) {
        const asymmetric: Quantize = { ...common, bits, symmetric: false };
        const stored = { step, zeroPoint };
        const found = staticGrid({ ...asymmetric, range: rangeOf(asymmetric, stored) });
        if (found.step !== step || found.zeroPoint !== zeroPoint) lost.push(`${bits} bits, ${step}, ${zeroPoint}`);
        const symmetric: Quantize = { ...common, bits, symmetric: true };
        const signed = { step, zeroPoint: 0 };
        if (staticGrid({ ...symmetric, range: rangeOf(symmetric, signed) }).step !== step)
          lost.push(`${bits} bits, ${step}`);
      }
  }
  t.same(lost, []);
  t.end();
});

t.test('known grids', (t) => {
  const range = { low: -2, high: 1 };
  const of = (more: Partial<StaticQuantize>): unknown =>
    staticGrid({ ...common, bits: 8, symmetric: true, range, ...more });
  t.same(of({}), { step: 2 / 127, zeroPoint: 0 });
  t.same(of({ step: 'full' }), { step: 2 / 127.5, zeroPoint: 0 });
  t.same(of({ clipRatio: 0.5 }), { step: 1 / 127, zeroPoint: 0 });
  t.same(of({ symmetric: false }), { step: 3 / 255, zeroPoint: 170 });
  t.same(of({ symmetric: false, range: { low: 1, high: 2 } }), { step: 2 / 255, zeroPoint: -0 }, 'zero is included');
  t.same(of({ symmetric: false, includeZero: false, bits: 2, range: { low: 3, high: 6 } }), { step: 1, zeroPoint: -3 });
  t.same(of({ range: { low: 0, high: 0 } }), { step: 1, zeroPoint: 0 }, 'without width');
  t.end();
});
