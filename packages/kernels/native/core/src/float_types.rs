//! bfloat16 and float16 as little-endian bytes, to float32 and back; rounding is half to even.

use rayon::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatType {
    Bf16,
    F16,
}

impl FloatType {
    /// The nearest value above zero and below infinity, ties to the even one; `value` is positive or 0.
    pub fn nearest_positive(self, value: f32) -> f32 {
        match self {
            Self::Bf16 => widen_bf16(narrow_bf16(value).clamp(1, 0x7f7f)),
            Self::F16 => widen_f16(narrow_f16(value).clamp(1, 0x7bff)),
        }
    }
}

/// Values converted by one task.
const RUN: usize = 1 << 16;

pub fn widen(bytes: &[u8], float_type: FloatType) -> Vec<f32> {
    let mut values = vec![0.0; bytes.len() / 2];
    values.par_chunks_mut(RUN).zip(bytes.par_chunks(2 * RUN)).for_each(|(values, bytes)| {
        let halves = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        match float_type {
            FloatType::Bf16 => values.iter_mut().zip(halves).for_each(|(v, h)| *v = widen_bf16(h)),
            FloatType::F16 => values.iter_mut().zip(halves).for_each(|(v, h)| *v = widen_f16(h)),
        }
    });
    values
}

pub fn narrow(values: &[f32], float_type: FloatType) -> Vec<u8> {
    let mut bytes = vec![0; values.len() * 2];
    bytes.par_chunks_mut(2 * RUN).zip(values.par_chunks(RUN)).for_each(|(bytes, values)| {
        let pairs = bytes.chunks_exact_mut(2).zip(values);
        match float_type {
            FloatType::Bf16 => pairs.for_each(|(pair, v)| pair.copy_from_slice(&narrow_bf16(*v).to_le_bytes())),
            FloatType::F16 => pairs.for_each(|(pair, v)| pair.copy_from_slice(&narrow_f16(*v).to_le_bytes())),
        }
    });
    bytes
}

/// The place of the first NaN or infinity.
pub fn first_non_finite(values: &[f32]) -> Option<usize> {
    let runs = values.par_chunks(RUN).enumerate();
    runs.filter_map(|(i, run)| run.iter().position(|v| !v.is_finite()).map(|at| i * RUN + at)).min()
}

fn widen_bf16(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

fn widen_f16(half: u16) -> f32 {
    const SCALE: f32 = f32::from_bits(0x7780_0000); // 2^112 moves the exponent bias from 15 to 127
    let sign = u32::from(half & 0x8000) << 16;
    let magnitude = u32::from(half & 0x7fff) << 13;
    if magnitude >= 0x0f80_0000 {
        return f32::from_bits(sign | magnitude | 0x7f80_0000);
    }
    f32::from_bits(sign | (f32::from_bits(magnitude) * SCALE).to_bits())
}

fn narrow_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

fn narrow_f16(value: f32) -> u16 {
    let sign = (value.to_bits() >> 16) as u16 & 0x8000;
    let magnitude = value.to_bits() & 0x7fff_ffff;
    sign | match magnitude {
        0x7f80_0001.. => 0x7e00,
        0x477f_f000.. => 0x7c00, // 65520 and above round to infinity
        0x3880_0000.. => ((magnitude - 0x3800_0000 + 0x0fff + (magnitude >> 13 & 1)) >> 13) as u16,
        // Subnormal: adding 0.5 leaves multiples of 2^-24 in the low bits, rounded half to even.
        _ => (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0.5_f32.to_bits()) as u16,
    }
}
