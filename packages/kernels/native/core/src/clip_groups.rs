//! Output errors of single groups of columns, what AWQ's clip search minimises.

use crate::simd::InstructionSet;
use rayon::prelude::*;

/// For every row and group `Σ_t (Σ_{j in group} x_tj d_j)²` for `delta = D`, rows × cols, over `samples = X`, tokens × cols:
/// rows × groups values. The last group may be shorter.
pub fn group_errors(set: InstructionSet, delta: &[f32], samples: &[f32], cols: usize, size: usize) -> Vec<f64> {
    let moments: Vec<Vec<f64>> =
        (0..cols.div_ceil(size)).into_par_iter().map(|group| moment(samples, cols, group * size, size)).collect();
    let mut errors = vec![0.0; delta.len() / cols * moments.len()];
    errors.par_chunks_exact_mut(moments.len()).zip(delta.par_chunks_exact(cols)).for_each(|(errors, row)| {
        let mut product = vec![0.0; size];
        for ((error, moment), values) in errors.iter_mut().zip(&moments).zip(row.chunks(size)) {
            set.vectorize(
                #[inline(always)]
                || *error = weigh(values, moment, &mut product[..values.len()]),
            );
        }
    });
    errors
}

/// `XᵀX` of one group's columns.
fn moment(samples: &[f32], cols: usize, start: usize, size: usize) -> Vec<f64> {
    let width = size.min(cols - start);
    let mut sums = vec![0.0; width * width];
    for token in samples.chunks_exact(cols) {
        let x = &token[start..start + width];
        for (row, &a) in sums.chunks_exact_mut(width).zip(x) {
            for (sum, &b) in row.iter_mut().zip(x) {
                *sum += f64::from(a) * f64::from(b);
            }
        }
    }
    sums
}

/// `d M dᵀ`
#[inline(always)]
fn weigh(values: &[f32], moment: &[f64], product: &mut [f64]) -> f64 {
    product.fill(0.0);
    for (row, &d) in moment.chunks_exact(values.len()).zip(values) {
        for (sum, &m) in product.iter_mut().zip(row) {
            *sum += f64::from(d) * m;
        }
    }
    product.iter().zip(values).map(|(&sum, &d)| sum * f64::from(d)).sum()
}
