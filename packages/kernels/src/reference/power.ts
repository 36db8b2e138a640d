const LOG2_1_5 = 0.5849625007211562;
const TWO_OVER_LN2 = 2.8853900817779268;
/** 1.5 x 2^52: adding and subtracting it rounds to an integer, ties to even. */
const SHIFT = 6755399441055744;

const view = new DataView(new ArrayBuffer(8));

/**
 * `x ** norm` for x = 0 or a float32 above it, and 0 < norm <= 6, to 1e-7. `Math.pow` may differ in the last bit
 * between engines and from other languages; this has the bits of the native kernel everywhere, so that a clip search
 * never turns on them.
 */
export function power(x: number, norm: number): number {
  if (x === 0) return 0;
  view.setFloat64(0, x);
  const head = view.getUint32(0);
  const exponent = (head >>> 20) - 1023;
  view.setUint32(0, (head & 0xfffff) | (1023 << 20));
  const mantissa = view.getFloat64(0);
  // log2(mantissa / 1.5) = 2 / ln 2 x artanh(t), |t| <= 0.2
  const t = (mantissa - 1.5) / (mantissa + 1.5);
  const s = t * t;
  const series = 1 + s * (1 / 3 + s * (1 / 5 + s * (1 / 7 + s * (1 / 9))));
  const y = norm * (exponent + (LOG2_1_5 + TWO_OVER_LN2 * (t * series)));
  // 2^y = 2^k e^f
  const k = y + SHIFT - SHIFT;
  const f = (y - k) * Math.LN2;
  const tail = 1 / 24 + f * (1 / 120 + f * (1 / 720 + f * (1 / 5040)));
  const e = 1 + f * (1 + f * (1 / 2 + f * (1 / 6 + f * tail)));
  return e * powerOfTwo(k);
}

/** Exact, which `2 ** k` need not be. */
function powerOfTwo(k: number): number {
  view.setUint32(0, (k + 1023) << 20);
  view.setUint32(4, 0);
  return view.getFloat64(0);
}
