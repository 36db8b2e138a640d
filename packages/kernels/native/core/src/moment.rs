//! Second moments of layer inputs: `H += XᵀX`, and the error `tr(D H Dᵀ)` that they weigh.

use crate::panels::{Packed, Sign};
use crate::shared::Shared;
use crate::simd::InstructionSet;
use crate::tile::{Element, Side, TILE_MAX};
use rayon::prelude::*;

/// Tokens summed in one go. Partial sums of this length are added to the total, which keeps the rounding error of
/// a long accumulation near that of a pairwise sum. Fixed, because the result depends on it.
const TOKENS_AT_ONCE: usize = 256;

/// `moment += XᵀX` for `inputs = X`, tokens × cols. `moment` is cols × cols and stays symmetric in every bit.
pub fn add_second_moment(set: InstructionSet, moment: &mut [f32], inputs: &[f32], cols: usize) {
    let tile = f32::tile(set);
    let mut packed = Packed::new(tile);
    for chunk in inputs.chunks(TOKENS_AT_ONCE * cols) {
        let tokens = chunk.len() / cols;
        packed.left.pack(chunk, cols, 0, cols, tokens);
        packed.right.pack(chunk, cols, 0, cols, tokens);
        packed.update(moment, cols, 0, Sign::Plus);
    }
    mirror(moment, cols);
}

/// Copies the upper half of a square matrix onto the lower half.
fn mirror(matrix: &mut [f32], size: usize) {
    const BLOCK: usize = 64;
    let shared = Shared::new(matrix);
    (0..size.div_ceil(BLOCK)).into_par_iter().for_each(|block| {
        let rows = block * BLOCK..size.min((block + 1) * BLOCK);
        for start in (0..rows.end).step_by(BLOCK) {
            for i in rows.clone() {
                for j in start..(start + BLOCK).min(i) {
                    // SAFETY: j < i < size. Only entries below the diagonal are written, each by one task, and
                    // only entries above it are read.
                    unsafe { *shared.at(i * size + j) = *shared.at(j * size + i) };
                }
            }
        }
    });
}

/// `tr(D H Dᵀ)` for `delta = D`, rows × cols, in float64 throughout: the sum is a small difference of large terms
/// when D was made by GPTQ.
pub fn quadratic_error(set: InstructionSet, delta: &[f32], cols: usize, moment: &[f32]) -> f64 {
    let tile = f64::tile(set);
    let rows = delta.len() / cols;
    // Dᵀ in strips of `tile.rows` rows of D.
    let strips: Vec<Vec<f64>> =
        (0..rows.div_ceil(tile.rows)).into_par_iter().map(|s| strip(delta, cols, s, tile.rows)).collect();
    let parts: Vec<f64> = (0..cols)
        .into_par_iter()
        .step_by(tile.cols)
        .map(|start| {
            let end = cols.min(start + tile.cols);
            let panel = doubled_upper(moment, cols, start, tile.cols);
            let mut out = [0.0; TILE_MAX];
            let mut sum = 0.0;
            for strip in &strips {
                let left = Side { values: strip, stride: tile.rows };
                tile.multiply(end, left, Side { values: &panel, stride: tile.cols }, &mut out);
                for i in 0..tile.rows {
                    for j in start..end {
                        sum += out[i * tile.cols + j - start] * strip[j * tile.rows + i];
                    }
                }
            }
            sum
        })
        .collect();
    parts.iter().sum()
}

/// Rows `s·height ..` of `delta`, transposed to cols × height and filled up with zeros.
fn strip(delta: &[f32], cols: usize, s: usize, height: usize) -> Vec<f64> {
    let mut values = vec![0.0; cols * height];
    for (i, row) in delta.chunks_exact(cols).skip(s * height).take(height).enumerate() {
        for (j, &d) in row.iter().enumerate() {
            values[j * height + i] = f64::from(d);
        }
    }
    values
}

/// Columns `start .. start + width` of H down to the diagonal, what lies above it doubled: H is symmetric, so half
/// of the products is enough.
fn doubled_upper(moment: &[f32], cols: usize, start: usize, width: usize) -> Vec<f64> {
    let end = cols.min(start + width);
    let mut values = vec![0.0; end * width];
    for k in 0..end {
        for j in start.max(k)..end {
            let factor = if j == k { 1.0 } else { 2.0 };
            values[k * width + j - start] = factor * f64::from(moment[k * cols + j]);
        }
    }
    values
}
