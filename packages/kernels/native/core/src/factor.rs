//! The factor that GPTQ needs: upper triangular U with `H⁻¹ = UᵀU`.
//!
//! The reference code inverts H and factors the inverse, 4/3·n³ operations and two more roundings of everything.
//! Here H, with rows and columns in reverse order, is factored once, `A = RᵀR`; then `U = J·R⁻ᵀ·J` with J the
//! reversal: 2/3·n³ operations, no inverse of H ever formed.

use crate::panels::{Packed, Sign};
use crate::simd::{InstructionSet, subtract_scaled, vectorized};
use crate::tile::{Element, Side, TILE_MAX, TILES_FIT, Tile};
use rayon::prelude::*;

/// Rows treated at once. A multiple of every tile height.
const BLOCK: usize = 48;
/// Columns of the inverse that are solved for together.
const WIDTH: usize = TILES_FIT;

/// H was not positive definite; `column` is where the factorization found out (in the order handed in).
#[derive(Debug, PartialEq, Eq)]
pub struct NotPositiveDefinite {
    pub column: usize,
}

/// A square matrix whose rows are `stride` values apart.
pub struct Factor {
    pub values: Vec<f32>,
    pub stride: usize,
}

/// Where the entries of H come from.
pub struct Damped<'a> {
    /// cols × cols, symmetric
    pub moment: &'a [f32],
    /// replaces the diagonal of `moment`, in the order of `moment`
    pub diagonal: &'a [f32],
    /// `order[i]` is the column of `moment` that comes at place i
    pub order: &'a [usize],
}

/// U for `moment + damp·I` in its own order and without gaps, `damp` being `damp_percent` times the mean diagonal.
/// Returns the damp as well.
pub fn damped_inverse_factor(
    set: InstructionSet,
    moment: &[f32],
    n: usize,
    damp_percent: f64,
) -> (Result<Vec<f32>, NotPositiveDefinite>, f32) {
    let diagonal = moment.iter().step_by(n + 1);
    let mean = diagonal.clone().map(|&h| f64::from(h)).sum::<f64>() / n as f64;
    let damp = (damp_percent * mean) as f32;
    let diagonal: Vec<f32> = diagonal.map(|h| h + damp).collect();
    let order: Vec<usize> = (0..n).collect();
    let factor = inverse_factor(set, &Damped { moment, diagonal: &diagonal, order: &order }, n);
    (factor.map(|factor| factor.values[..n * n].to_vec()), damp)
}

/// U for the damped and ordered H, with rows `stride >= n` values apart. A stride that is no multiple of a large
/// power of two keeps the columns of U apart in the cache.
pub fn inverse_factor(set: InstructionSet, source: &Damped, stride: usize) -> Result<Factor, NotPositiveDefinite> {
    let n = source.order.len();
    let tile = f32::tile(set);
    let mut matrix = reversed(source);
    cholesky(set, tile, &mut matrix, n).map_err(|place| NotPositiveDefinite { column: source.order[n - 1 - place] })?;
    let columns = invert(set, tile, &matrix, n);
    drop(matrix);
    Ok(Factor { values: transpose_back(&columns, n, stride), stride })
}

fn reversed(source: &Damped) -> Vec<f32> {
    let n = source.order.len();
    let mut matrix = vec![0.0; n * n];
    matrix.par_chunks_exact_mut(n).enumerate().for_each(|(i, row)| {
        let at = source.order[n - 1 - i];
        let from = &source.moment[at * n..][..n];
        for (value, &j) in row.iter_mut().zip(source.order.iter().rev()) {
            *value = from[j];
        }
        row[i] = source.diagonal[at];
    });
    matrix
}

/// Overwrites the upper half of A with R, `A = RᵀR`. On failure returns the place of the pivot.
fn cholesky(set: InstructionSet, tile: Tile<f32>, a: &mut [f32], n: usize) -> Result<(), usize> {
    let mut packed = Packed::new(tile);
    for start in (0..n).step_by(BLOCK) {
        let end = n.min(start + BLOCK);
        let size = end - start;
        let (done, rest) = a.split_at_mut(end * n);
        let rows = &mut done[start * n..];
        vectorized!(set, factor_block(rows, n, start, size)).map_err(|i| start + i)?;
        if end == n {
            break;
        }
        // R12 = R11⁻ᵀ A12, solved inside the packed panels that the update then needs anyway.
        packed.right.pack(rows, n, end, n - end, size);
        let block = copy_block(rows, n, start, size);
        packed.right.panels_mut().for_each(|panel| vectorized!(set, solve_lower(&block, size, panel, tile.cols)));
        rows.par_chunks_exact_mut(n).enumerate().for_each(|(i, row)| {
            for (p, values) in row[end..].chunks_mut(tile.cols).enumerate() {
                values.copy_from_slice(&packed.right.panel(p).values[i * tile.cols..][..values.len()]);
            }
        });
        packed.left.pack(rows, n, end, n - end, size);
        packed.update(rest, n, end, Sign::Minus);
    }
    Ok(())
}

/// Factors the diagonal block in place, one row at a time.
#[inline(always)]
fn factor_block<const FUSED: bool>(rows: &mut [f32], stride: usize, start: usize, size: usize) -> Result<(), usize> {
    let end = start + size;
    for i in 0..size {
        let (above, below) = rows.split_at_mut((i + 1) * stride);
        let row = &mut above[i * stride + start + i..i * stride + end];
        let pivot = row[0];
        if !(pivot > 0.0 && pivot.is_finite()) {
            return Err(i);
        }
        let root = pivot.sqrt();
        row.iter_mut().for_each(|value| *value /= root);
        for (offset, other) in below.chunks_mut(stride).take(size - 1 - i).enumerate() {
            let target = &mut other[start + i + 1 + offset..end];
            subtract_scaled::<FUSED>(target, row[1 + offset], &row[1 + offset..]);
        }
    }
    Ok(())
}

fn copy_block(rows: &[f32], stride: usize, start: usize, size: usize) -> Vec<f32> {
    (0..size).flat_map(|i| rows[i * stride + start..][..size].iter().copied()).collect()
}

/// `panel ← R⁻ᵀ·panel` for the upper triangular `block = R`, size × size.
#[inline(always)]
fn solve_lower<const FUSED: bool>(block: &[f32], size: usize, panel: &mut [f32], width: usize) {
    for i in 0..size {
        let (above, below) = panel.split_at_mut((i + 1) * width);
        let row = &mut above[i * width..];
        row.iter_mut().for_each(|value| *value /= block[i * size + i]);
        for (target, &factor) in below.chunks_exact_mut(width).zip(&block[i * size + i + 1..][..size - 1 - i]) {
            subtract_scaled::<FUSED>(target, factor, row);
        }
    }
}

/// `panel ← R⁻¹·panel`, the same from below.
#[inline(always)]
fn solve_upper<const FUSED: bool>(block: &[f32], size: usize, panel: &mut [f32]) {
    for i in (0..size).rev() {
        let (above, below) = panel.split_at_mut(i * WIDTH);
        let row = &mut below[..WIDTH];
        row.iter_mut().for_each(|value| *value /= block[i * size + i]);
        for (k, target) in above.chunks_exact_mut(WIDTH).enumerate() {
            subtract_scaled::<FUSED>(target, block[k * size + i], row);
        }
    }
}

/// A block row of R: its diagonal block, and what lies right of it transposed for the tiles.
struct BlockRow {
    diagonal: Vec<f32>,
    right: Vec<f32>,
    size: usize,
}

/// `V = R⁻¹` as panels of columns, each n × `WIDTH`. A panel needs no other panel, so they run in parallel.
fn invert(set: InstructionSet, tile: Tile<f32>, r: &[f32], n: usize) -> Vec<Vec<f32>> {
    let block_rows: Vec<BlockRow> = (0..n).into_par_iter().step_by(BLOCK).map(|start| block_row(r, n, start)).collect();
    (0..n)
        .into_par_iter()
        .step_by(WIDTH)
        .map(|first| {
            let last = n.min(first + WIDTH);
            let mut panel = vec![0.0; last * WIDTH];
            for j in first..last {
                panel[j * WIDTH + j - first] = 1.0;
            }
            for (b, row) in block_rows[..last.div_ceil(BLOCK)].iter().enumerate().rev() {
                solve_block_row(set, tile, row, b * BLOCK, last, &mut panel);
            }
            panel
        })
        .collect()
}

fn block_row(r: &[f32], n: usize, start: usize) -> BlockRow {
    let end = n.min(start + BLOCK);
    let mut right = vec![0.0; (n - end) * BLOCK];
    for i in start..end {
        for (k, &value) in r[i * n + end..(i + 1) * n].iter().enumerate() {
            right[k * BLOCK + i - start] = value;
        }
    }
    BlockRow { diagonal: copy_block(&r[start * n..end * n], n, start, end - start), right, size: end - start }
}

/// Rows `start ..` of one panel of V, given all rows below them: `R_ii⁻¹ (I − R_i,below · V_below)`.
fn solve_block_row(set: InstructionSet, tile: Tile<f32>, row: &BlockRow, start: usize, last: usize, panel: &mut [f32]) {
    let (above, below) = panel.split_at_mut(last.min(start + row.size) * WIDTH);
    let depth = below.len() / WIDTH;
    // The lowest block of a panel may reach beyond the panel's last column; V is zero there.
    let size = above.len() / WIDTH - start;
    let values = &mut above[start * WIDTH..];
    if depth > 0 {
        let mut out = [0.0; TILE_MAX];
        for (g, values) in values.chunks_mut(tile.rows * WIDTH).enumerate() {
            let left = Side { values: &row.right[g * tile.rows..], stride: BLOCK };
            for first in (0..WIDTH).step_by(tile.cols) {
                tile.multiply(depth, left, Side { values: &below[first..], stride: WIDTH }, &mut out);
                for (value, sums) in values.chunks_exact_mut(WIDTH).zip(out.chunks_exact(tile.cols)) {
                    value[first..first + tile.cols].iter_mut().zip(sums).for_each(|(v, sum)| *v -= sum);
                }
            }
        }
    }
    if size == row.size {
        vectorized!(set, solve_upper(&row.diagonal, size, values));
    } else {
        let diagonal: Vec<f32> = (0..size).flat_map(|i| row.diagonal[i * row.size..][..size].iter().copied()).collect();
        vectorized!(set, solve_upper(&diagonal, size, values));
    }
}

/// `U[i][j] = V[n−1−j][n−1−i]`.
fn transpose_back(columns: &[Vec<f32>], n: usize, stride: usize) -> Vec<f32> {
    // The tiles of the GPTQ update read a little beyond the last row.
    let mut u = vec![0.0; n * stride + TILE_MAX];
    u[..n * stride].par_chunks_exact_mut(stride).enumerate().for_each(|(i, row)| {
        let column = n - 1 - i;
        let panel = &columns[column / WIDTH];
        for j in i..n {
            row[j] = panel[(n - 1 - j) * WIDTH + column % WIDTH];
        }
    });
    u
}
