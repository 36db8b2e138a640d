//! `x^norm` from additions, multiplications and one division, so that it vectorizes and gives the same bits on
//! every machine and in `src/reference/power.ts`. Relative error below 1e-7.

const LOG2_1_5: f64 = 0.584_962_500_721_156_2;
const TWO_OVER_LN2: f64 = 2.885_390_081_777_926_8;
/// 1.5·2^52: adding it leaves an integer in the low bits of the sum.
const SHIFT: f64 = 6_755_399_441_055_744.0;
const MANTISSA: u64 = (1 << 52) - 1;

/// `x^norm` for x = 0 or a float32 above it, and 0 < norm <= 6 (larger norms could overflow).
#[inline(always)]
pub fn power(x: f64, norm: f64) -> f64 {
    let bits = x.to_bits();
    // The exponent, made a float through the low bits of 2^52, which every instruction set can vectorize.
    let exponent = f64::from_bits((bits >> 52) | 4_503_599_627_370_496.0_f64.to_bits()) - 4_503_599_627_371_519.0;
    let mantissa = f64::from_bits((bits & MANTISSA) | 1.0_f64.to_bits());
    // log2(m / 1.5) = 2/ln 2 · artanh(t), |t| <= 0.2
    let t = (mantissa - 1.5) / (mantissa + 1.5);
    let s = t * t;
    let series = 1.0 + s * (1.0 / 3.0 + s * (1.0 / 5.0 + s * (1.0 / 7.0 + s * (1.0 / 9.0))));
    let y = norm * (exponent + (LOG2_1_5 + TWO_OVER_LN2 * (t * series)));
    // 2^y = 2^k · e^f
    let shifted = y + SHIFT;
    let f = (y - (shifted - SHIFT)) * std::f64::consts::LN_2;
    let tail = 1.0 / 24.0 + f * (1.0 / 120.0 + f * (1.0 / 720.0 + f * (1.0 / 5040.0)));
    let e = 1.0 + f * (1.0 + f * (1.0 / 2.0 + f * (1.0 / 6.0 + f * tail)));
    let scale = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    if x == 0.0 { 0.0 } else { e * scale }
}
