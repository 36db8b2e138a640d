//! The innermost product: small tiles of `Aᵀ·B` held in registers, the only code written per instruction set.
//!
//! Every output is a sum over `k` in ascending order with fused multiply-adds, so the sets that fuse (AVX2,
//! AVX-512, NEON) give the same bits; only the portable code, which rounds twice, differs.

use crate::simd::InstructionSet;

/// Numbers that products are computed in.
pub trait Element: Copy + Default + Send + Sync + 'static {
    fn from_f32(value: f32) -> Self;
    fn tile(set: InstructionSet) -> Tile<Self>;
}

type TileFunction<T> = unsafe fn(depth: usize, a: *const T, a_stride: usize, b: *const T, b_stride: usize, out: *mut T);

/// The most values of a tile.
pub const TILE_MAX: usize = 8 * 48;
/// A multiple of the rows and of the columns of every tile.
pub const TILES_FIT: usize = 48;

/// A register tile of `rows × cols` values.
#[derive(Clone, Copy)]
pub struct Tile<T> {
    pub rows: usize,
    pub cols: usize,
    function: TileFunction<T>,
}

/// A `depth × n` operand: row `k` starts at `values[k·stride]`.
#[derive(Clone, Copy)]
pub struct Side<'a, T> {
    pub values: &'a [T],
    pub stride: usize,
}

impl<T: Element> Tile<T> {
    /// `out[i·cols + j] = Σ_k a[k][i] · b[k][j]` for `k` in `0..depth`.
    #[inline]
    pub fn multiply(&self, depth: usize, a: Side<T>, b: Side<T>, out: &mut [T; TILE_MAX]) {
        assert!(depth > 0 && a.values.len() >= (depth - 1) * a.stride + self.rows);
        assert!(b.values.len() >= (depth - 1) * b.stride + self.cols);
        // SAFETY: the lengths were just checked, `rows · cols <= TILE_MAX`, and a `Tile` is only made for a set that
        // the processor has.
        unsafe {
            (self.function)(depth, a.values.as_ptr(), a.stride, b.values.as_ptr(), b.stride, out.as_mut_ptr());
        }
    }
}

impl Element for f32 {
    fn from_f32(value: f32) -> Self {
        value
    }

    fn tile(set: InstructionSet) -> Tile<f32> {
        match set {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => Tile { rows: 8, cols: 48, function: x86::f32_avx512 },
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => Tile { rows: 6, cols: 16, function: x86::f32_avx2 },
            #[cfg(target_arch = "aarch64")]
            InstructionSet::Neon => Tile { rows: 8, cols: 8, function: arm::f32_neon },
            _ => Tile { rows: 4, cols: 8, function: portable::<f32, 4, 8> },
        }
    }
}

impl Element for f64 {
    fn from_f32(value: f32) -> Self {
        f64::from(value)
    }

    fn tile(set: InstructionSet) -> Tile<f64> {
        match set {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => Tile { rows: 8, cols: 24, function: x86::f64_avx512 },
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => Tile { rows: 6, cols: 8, function: x86::f64_avx2 },
            #[cfg(target_arch = "aarch64")]
            InstructionSet::Neon => Tile { rows: 8, cols: 4, function: arm::f64_neon },
            _ => Tile { rows: 4, cols: 4, function: portable::<f64, 4, 4> },
        }
    }
}

/// The plain version, kept beside the fast ones for ever and compared with them in `tests/products.rs`.
///
/// # Safety
/// `a` holds `(depth − 1)·a_stride + R` values, `b` holds `(depth − 1)·b_stride + C`, `out` takes `R·C`.
unsafe fn portable<T, const R: usize, const C: usize>(
    depth: usize,
    a: *const T,
    a_stride: usize,
    b: *const T,
    b_stride: usize,
    out: *mut T,
) where
    T: Element + std::ops::Mul<Output = T> + std::ops::Add<Output = T>,
{
    let mut sums = [[T::default(); C]; R];
    for k in 0..depth {
        // SAFETY: promised by the caller.
        let (a, b) = unsafe { (&*a.add(k * a_stride).cast::<[T; R]>(), &*b.add(k * b_stride).cast::<[T; C]>()) };
        for i in 0..R {
            for j in 0..C {
                sums[i][j] = sums[i][j] + a[i] * b[j];
            }
        }
    }
    // SAFETY: promised by the caller.
    unsafe { out.cast::<[[T; C]; R]>().write(sums) };
}

/// One tile function: `$rows` rows of `$vectors` vectors of `$lanes` lanes.
macro_rules! tile_function {
    ($name:ident, $features:literal, $element:ty, $rows:literal x $vectors:literal x $lanes:literal,
     $zero:expr, $splat:path, $load:path, $store:path, |$x:ident, $y:ident, $sum:ident| $fused:expr) => {
        /// # Safety
        /// As `portable`, and the processor must have the named features.
        #[target_feature(enable = $features)]
        pub unsafe fn $name(
            depth: usize,
            a: *const $element,
            a_stride: usize,
            b: *const $element,
            b_stride: usize,
            out: *mut $element,
        ) {
            let mut sums = [[$zero; $vectors]; $rows];
            for k in 0..depth {
                let mut values = [$zero; $vectors];
                for v in 0..$vectors {
                    // SAFETY: promised by the caller.
                    values[v] = unsafe { $load(b.add(k * b_stride + v * $lanes)) };
                }
                for i in 0..$rows {
                    // SAFETY: promised by the caller.
                    let $x = $splat(unsafe { *a.add(k * a_stride + i) });
                    for v in 0..$vectors {
                        let ($y, $sum) = (values[v], sums[i][v]);
                        sums[i][v] = $fused;
                    }
                }
            }
            for i in 0..$rows {
                for v in 0..$vectors {
                    // SAFETY: promised by the caller.
                    unsafe { $store(out.add((i * $vectors + v) * $lanes), sums[i][v]) };
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    tile_function!(f32_avx512, "avx512f", f32, 8 x 3 x 16, _mm512_setzero_ps(),
        _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, |x, y, sum| _mm512_fmadd_ps(x, y, sum));
    tile_function!(f64_avx512, "avx512f", f64, 8 x 3 x 8, _mm512_setzero_pd(),
        _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, |x, y, sum| _mm512_fmadd_pd(x, y, sum));
    tile_function!(f32_avx2, "avx2,fma", f32, 6 x 2 x 8, _mm256_setzero_ps(),
        _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, |x, y, sum| _mm256_fmadd_ps(x, y, sum));
    tile_function!(f64_avx2, "avx2,fma", f64, 6 x 2 x 4, _mm256_setzero_pd(),
        _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, |x, y, sum| _mm256_fmadd_pd(x, y, sum));
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::*;

    tile_function!(f32_neon, "neon", f32, 8 x 2 x 4, vdupq_n_f32(0.0),
        vdupq_n_f32, vld1q_f32, vst1q_f32, |x, y, sum| vfmaq_f32(sum, x, y));
    tile_function!(f64_neon, "neon", f64, 8 x 2 x 2, vdupq_n_f64(0.0),
        vdupq_n_f64, vld1q_f64, vst1q_f64, |x, y, sum| vfmaq_f64(sum, x, y));
}
