//! Products of a matrix with itself, `C ± XᵀX`, over packed panels. Only the upper half is computed.

use crate::simd::prefetch;
use crate::tile::{Element, Side, TILE_MAX, TILES_FIT, Tile};
use rayon::prelude::*;

/// A `depth × cols` matrix cut into panels of `width` columns. Panel `p` holds columns `p·width ..`, row after row
/// without gaps; the last one is filled up with zeros.
pub struct Panels<T> {
    values: Vec<T>,
    depth: usize,
    width: usize,
}

impl<T: Element> Panels<T> {
    pub fn new(width: usize) -> Self {
        Self { values: Vec::new(), depth: 0, width }
    }

    /// Takes over columns `first .. first + cols` of `depth` rows, each `stride` values long.
    pub fn pack(&mut self, source: &[f32], stride: usize, first: usize, cols: usize, depth: usize) {
        let width = self.width;
        self.depth = depth;
        self.values.resize(cols.div_ceil(width) * depth * width, T::default());
        self.panels_mut().with_min_len(8).enumerate().for_each(|(p, panel)| {
            let start = p * width;
            let kept = width.min(cols - start);
            for (k, row) in panel.chunks_exact_mut(width).enumerate() {
                let from = k * stride + first + start;
                for (value, &x) in row.iter_mut().zip(&source[from..from + kept]) {
                    *value = T::from_f32(x);
                }
                row[kept..].fill(T::default());
            }
        });
    }

    pub fn panel(&self, p: usize) -> Side<'_, T> {
        let size = self.depth * self.width;
        Side { values: &self.values[p * size..(p + 1) * size], stride: self.width }
    }

    /// Every panel, to be changed in place.
    pub fn panels_mut(&mut self) -> rayon::slice::ChunksExactMut<'_, T> {
        self.values.par_chunks_exact_mut(self.depth * self.width)
    }
}

/// Whether a product is added or taken away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Plus,
    Minus,
}

/// `X`, packed once for each side of `XᵀX`.
pub struct Packed {
    pub left: Panels<f32>,
    pub right: Panels<f32>,
    tile: Tile<f32>,
}

impl Packed {
    pub fn new(tile: Tile<f32>) -> Self {
        Self { left: Panels::new(tile.rows), right: Panels::new(tile.cols), tile }
    }

    /// `C ± XᵀX` in every tile that reaches the diagonal or lies above it; the rest of `C` is left alone.
    /// Row `i` of `C` is `target[i·stride + first ..]`, its columns are those of `X`.
    pub fn update(&self, target: &mut [f32], stride: usize, first: usize, sign: Sign) {
        target.par_chunks_mut(TILES_FIT * stride).enumerate().for_each(|(block, rows)| {
            let start = block * TILES_FIT;
            // A panel of the right side stays in the nearest cache while the rows of the block pass by.
            for p in start / self.tile.cols..(stride - first).div_ceil(self.tile.cols) {
                for (g, rows) in rows.chunks_mut(self.tile.rows * stride).enumerate() {
                    let last_column = (p + 1) * self.tile.cols;
                    if last_column > start + g * self.tile.rows {
                        self.update_tile(start / self.tile.rows + g, p, rows, stride, first, sign);
                    }
                }
            }
        });
    }

    fn update_tile(&self, group: usize, p: usize, rows: &mut [f32], stride: usize, first: usize, sign: Sign) {
        let start = first + p * self.tile.cols;
        let end = stride.min(start + self.tile.cols);
        for row in rows.chunks_exact(stride) {
            prefetch(&row[start..end]);
        }
        let mut out = [0.0; TILE_MAX];
        self.tile.multiply(self.right.depth, self.left.panel(group), self.right.panel(p), &mut out);
        for (row, sums) in rows.chunks_exact_mut(stride).zip(out.chunks_exact(self.tile.cols)) {
            let values = row[start..end].iter_mut().zip(sums);
            match sign {
                Sign::Plus => values.for_each(|(c, s)| *c += s),
                Sign::Minus => values.for_each(|(c, s)| *c -= s),
            }
        }
    }
}
