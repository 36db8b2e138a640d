//! Rotations: every axis of a block of values multiplied by a small matrix, in float64.
//!
//! Values are seen as outer × size × inner, `size` the product of the sizes of the factors. A lane is what one pair of an
//! outer and an inner index has: `size` values that are rotated without any others. As many lanes as a tile has columns
//! go through all factors together, side by side in a buffer of size × columns that no step leaves.

use crate::shared::Shared;
use crate::simd::InstructionSet;
use crate::tile::{Element, Side, TILE_MAX, Tile};
use rayon::prelude::*;

/// One axis: `size` neighbours multiplied by a size × size matrix, or left alone.
pub struct RotationFactor<'a> {
    pub size: usize,
    pub matrix: Option<&'a [f64]>,
}

/// `y[.., j, ..] = Σ_k x[.., k, ..] · matrix[k][j]` along the axis of each factor of values that are
/// outer × sizes × inner. Rounded to float32 once, at the end.
pub fn rotate(set: InstructionSet, values: &[f32], outer: usize, factors: &[RotationFactor], inner: usize) -> Vec<f32> {
    let tile = f64::tile(set);
    let size = values.len() / (outer * inner);
    let axes = axes(tile, factors);
    let deepest = axes.iter().map(|axis| axis.size).max().unwrap_or(0);
    let lanes = outer * inner;
    let mut rotated = vec![0.0; values.len()];
    let target = Shared::new(&mut rotated);
    (0..lanes.div_ceil(tile.cols)).into_par_iter().for_each_init(
        || (vec![0.0; size * tile.cols], vec![0.0; deepest * tile.cols]),
        |(block, panel), strip| {
            let first = strip * tile.cols;
            let starts: Vec<usize> =
                (first..lanes.min(first + tile.cols)).map(|lane| lane / inner * size * inner + lane % inner).collect();
            set.vectorize(
                #[inline(always)]
                || load(values, &starts, inner, block, tile.cols),
            );
            for axis in &axes {
                axis.rotate(tile, block, panel);
            }
            // SAFETY: the places of a lane are `start + i·inner` for i below `size`; no two lanes share one, and every
            // lane belongs to one strip.
            set.vectorize(
                #[inline(always)]
                || unsafe { store(block, tile.cols, &target, &starts, inner) },
            );
        },
    );
    rotated
}

/// Rows of a block that are brought in or out lane by lane: few enough to stay in the nearest cache.
const ROWS: usize = 16;

/// Whether the values of a row lie side by side.
fn contiguous(starts: &[usize]) -> bool {
    starts[starts.len() - 1] - starts[0] == starts.len() - 1
}

/// `block[i][lane] = values[start of the lane + i·step]`
#[inline(always)]
fn load(values: &[f32], starts: &[usize], step: usize, block: &mut [f64], width: usize) {
    if contiguous(starts) {
        for (i, row) in block.chunks_exact_mut(width).enumerate() {
            let from = &values[starts[0] + i * step..][..starts.len()];
            row.iter_mut().zip(from).for_each(|(x, &value)| *x = f64::from(value));
        }
        return;
    }
    for (chunk, rows) in block.chunks_mut(ROWS * width).enumerate() {
        for (lane, &start) in starts.iter().enumerate() {
            let from = &values[start + chunk * ROWS * step..];
            for (row, &value) in rows.chunks_exact_mut(width).zip(from.iter().step_by(step)) {
                row[lane] = f64::from(value);
            }
        }
    }
}

/// The way back.
///
/// # Safety
/// `start + i·step` lies inside the target for every start and row i, and nothing else uses these places meanwhile.
#[inline(always)]
unsafe fn store(block: &[f64], width: usize, target: &Shared, starts: &[usize], step: usize) {
    if contiguous(starts) {
        for (i, row) in block.chunks_exact(width).enumerate() {
            // SAFETY: promised by the caller: these are the places of one row.
            let to = unsafe { std::slice::from_raw_parts_mut(target.at(starts[0] + i * step), starts.len()) };
            to.iter_mut().zip(row).for_each(|(value, &x)| *value = x as f32);
        }
        return;
    }
    for (chunk, rows) in block.chunks(ROWS * width).enumerate() {
        for (lane, &start) in starts.iter().enumerate() {
            for (i, row) in rows.chunks_exact(width).enumerate() {
                // SAFETY: promised by the caller.
                unsafe { *target.at(start + (chunk * ROWS + i) * step) = row[lane] as f32 };
            }
        }
    }
}

/// A factor that does something.
struct Axis {
    size: usize,
    /// rows of the block between two neighbours on this axis
    stride: usize,
    /// The matrix in panels of `tile.rows` columns, size × `tile.rows` each, the last one filled up with zeros.
    panels: Vec<f64>,
}

fn axes(tile: Tile<f64>, factors: &[RotationFactor]) -> Vec<Axis> {
    let mut stride = 1;
    let mut axes = Vec::new();
    for &RotationFactor { size, matrix } in factors.iter().rev() {
        axes.extend(matrix.map(|matrix| Axis { size, stride, panels: pack(matrix, size, tile.rows) }));
        stride *= size;
    }
    axes.reverse();
    axes
}

fn pack(matrix: &[f64], size: usize, width: usize) -> Vec<f64> {
    let mut panels = vec![0.0; size.div_ceil(width) * size * width];
    for (p, panel) in panels.chunks_exact_mut(size * width).enumerate() {
        let first = p * width;
        let kept = width.min(size - first);
        for (row, values) in panel.chunks_exact_mut(width).zip(matrix.chunks_exact(size)) {
            row[..kept].copy_from_slice(&values[first..first + kept]);
        }
    }
    panels
}

impl Axis {
    /// In place: the neighbours on this axis are copied out before any of them is written.
    fn rotate(&self, tile: Tile<f64>, block: &mut [f64], panel: &mut [f64]) {
        let width = tile.cols;
        let mut out = [0.0; TILE_MAX];
        for group in block.chunks_exact_mut(self.size * self.stride * width) {
            for place in 0..self.stride {
                let row = |i: usize| (i * self.stride + place) * width;
                for (i, values) in panel.chunks_exact_mut(width).take(self.size).enumerate() {
                    values.copy_from_slice(&group[row(i)..][..width]);
                }
                for (p, columns) in self.panels.chunks_exact(self.size * tile.rows).enumerate() {
                    let left = Side { values: columns, stride: tile.rows };
                    tile.multiply(self.size, left, Side { values: panel, stride: width }, &mut out);
                    let first = p * tile.rows;
                    for (i, sums) in (first..self.size).zip(out.chunks_exact(width).take(tile.rows)) {
                        group[row(i)..][..width].copy_from_slice(sums);
                    }
                }
            }
        }
    }
}
