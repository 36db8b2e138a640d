//! The clip search of AWQ: each group of columns clamped to the range whose rounding errs least in the group's own output.

use crate::clip::{ClipSearch, extent};
use crate::codes::{Layout, Spec, decode, encode, fit_grid};
use crate::simd::InstructionSet;
use rayon::prelude::*;

/// Clamps each row's groups of columns (whole rows where the spec has none) to ±share of their largest weight, the share
/// that leaves the least `Σ_t (Σ_{j in group} x_tj (ŵ_j − w_j))²` over `samples = X`, tokens × cols; the first of equals.
pub fn clip_groups(
    set: InstructionSet,
    weight: &[f32],
    samples: &[f32],
    cols: usize,
    spec: &Spec,
    clip: ClipSearch,
) -> Vec<f32> {
    let size = spec.group_size(cols);
    let groups = cols.div_ceil(size);
    let moments: Vec<Vec<f64>> =
        (0..groups).into_par_iter().map(|group| moment(set, samples, cols, group * size, size)).collect();
    let largest: Vec<f32> = weight
        .par_chunks_exact(cols)
        .flat_map_iter(|row| row.chunks(size))
        .map(|group| {
            let (low, high) = extent(group);
            high.max(-low)
        })
        .collect();
    let mut errors = vec![f64::INFINITY; largest.len()];
    let mut limits = largest.clone();
    for share in clip.shares() {
        let clamped = clamp(weight, cols, size, &largest, share);
        let parameters = fit_grid(set, &clamped, cols, spec);
        let layout = Layout { parameters: &parameters, spec, cols, group_index: None };
        let decoded = decode(set, &encode(set, &clamped, &layout), &layout);
        let found = errors.par_chunks_exact_mut(groups).zip(limits.par_chunks_exact_mut(groups));
        let values = weight.par_chunks_exact(cols).zip(decoded.par_chunks_exact(cols)).zip(largest.par_chunks(groups));
        found.zip(values).for_each(|((errors, limits), ((weight, decoded), largest))| {
            let (mut delta, mut product) = (vec![0.0; size], vec![0.0; size]);
            for (group, moment) in moments.iter().enumerate() {
                let columns = group * size..cols.min((group + 1) * size);
                let width = columns.len();
                for ((d, &w), &q) in delta.iter_mut().zip(&weight[columns.clone()]).zip(&decoded[columns]) {
                    *d = f64::from(q - w);
                }
                let error = set.vectorize(
                    #[inline(always)]
                    || weigh(&delta[..width], moment, &mut product[..width]),
                );
                if error < errors[group] {
                    errors[group] = error;
                    limits[group] = share * largest[group];
                }
            }
        });
    }
    clamp(weight, cols, size, &limits, 1.0)
}

/// Each group within ±`share` of its limit.
fn clamp(weight: &[f32], cols: usize, size: usize, limits: &[f32], share: f32) -> Vec<f32> {
    let mut values = weight.to_vec();
    let groups = cols.div_ceil(size);
    values.par_chunks_exact_mut(cols).zip(limits.par_chunks_exact(groups)).for_each(|(row, limits)| {
        for (group, &limit) in row.chunks_mut(size).zip(limits) {
            let limit = share * limit;
            for value in group {
                *value = value.clamp(-limit, limit);
            }
        }
    });
    values
}

/// `XᵀX` of one group's columns: its upper half, what lies above the diagonal doubled.
fn moment(set: InstructionSet, samples: &[f32], cols: usize, start: usize, size: usize) -> Vec<f64> {
    let width = size.min(cols - start);
    let mut sums = vec![0.0; width * width];
    let mut token = vec![0.0; width];
    for values in samples.chunks_exact(cols) {
        for (x, &value) in token.iter_mut().zip(&values[start..start + width]) {
            *x = f64::from(value);
        }
        set.vectorize(
            #[inline(always)]
            || add_square(&mut sums, &token),
        );
    }
    for row in 0..width {
        for sum in &mut sums[row * width + row + 1..(row + 1) * width] {
            *sum *= 2.0;
        }
    }
    sums
}

#[inline(always)]
fn add_square(sums: &mut [f64], token: &[f64]) {
    for (row, &a) in token.iter().enumerate() {
        for (sum, &b) in sums[row * token.len() + row..(row + 1) * token.len()].iter_mut().zip(&token[row..]) {
            *sum += a * b;
        }
    }
}

/// `d M dᵀ` by the upper half of M.
#[inline(always)]
fn weigh(delta: &[f64], moment: &[f64], product: &mut [f64]) -> f64 {
    let width = delta.len();
    product.fill(0.0);
    for (row, &d) in delta.iter().enumerate() {
        for (sum, &m) in product[row..].iter_mut().zip(&moment[row * width + row..(row + 1) * width]) {
            *sum += d * m;
        }
    }
    product.iter().zip(delta).map(|(&sum, &d)| sum * d).sum()
}
