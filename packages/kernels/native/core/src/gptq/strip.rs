//! A strip of rows on its way through the columns. Everything lies transposed, column after column, one lane a row.

use super::problem::Problem;
use crate::clip::fit_segment;
use crate::factor::Factor;
use crate::grid::{Rounding, decode};
use crate::simd::{InstructionSet, subtract_scaled, vectorized};
use crate::tile::{Element, Side, TILE_MAX, TILES_FIT, Tile};

/// Rows of a strip.
pub const LANES: usize = TILES_FIT;

pub struct Strip<'a> {
    set: InstructionSet,
    tile: Tile<f32>,
    problem: &'a Problem,
    factor: &'a Factor,
    rounding: Rounding,
    /// the first of its rows in the whole weight
    first: usize,
    rows: usize,
    codes: &'a mut [u8],
    fitted: Option<(&'a mut [f32], &'a mut [f32])>,
    /// cols × lanes; columns of the block under treatment stay as they were when the block began
    weight: Vec<f32>,
    /// block × lanes: the columns under treatment, always up to date
    block: Vec<f32>,
    /// block × lanes: e of each column done
    errors: Vec<f32>,
    scales: Vec<f32>,
    zeros: Vec<f32>,
    group: Option<usize>,
}

impl<'a> Strip<'a> {
    pub fn load(
        set: InstructionSet,
        problem: &'a Problem,
        factor: &'a Factor,
        index: usize,
        codes: &'a mut [u8],
        fitted: Option<(&'a mut [f32], &'a mut [f32])>,
    ) -> Self {
        let tile = f32::tile(set);
        let cols = problem.cols;
        let first = index * LANES;
        let rows = codes.len() / cols;
        let mut weight = vec![0.0; cols * LANES];
        for (lane, row) in problem.weight[first * cols..].chunks_exact(cols).take(rows).enumerate() {
            for (j, &w) in row.iter().enumerate() {
                weight[j * LANES + lane] = w;
            }
        }
        let block = problem.block_size.min(cols) * LANES;
        Self {
            set,
            tile,
            problem,
            factor,
            rounding: problem.spec.grid.rounding(),
            first,
            rows,
            codes,
            fitted,
            weight,
            block: vec![0.0; block],
            errors: vec![0.0; block],
            // Lanes without a row hold zeros and must not divide by zero.
            scales: vec![1.0; LANES],
            zeros: vec![problem.spec.grid.half(); LANES],
            group: None,
        }
    }

    /// Quantizes columns `start .. end`; returns their `Σ e²`.
    pub fn quantize_block(&mut self, start: usize, end: usize) -> f64 {
        self.block[..(end - start) * LANES].copy_from_slice(&self.weight[start * LANES..end * LANES]);
        let mut loss = 0.0;
        for i in start..end {
            self.enter_group(start, i);
            loss += self.quantize_column(start, i);
            self.spread(start, i, end);
        }
        loss
    }

    fn enter_group(&mut self, start: usize, i: usize) {
        let group = self.problem.groups[i];
        if self.group == Some(group) {
            return;
        }
        self.group = Some(group);
        if self.problem.refits {
            self.fit_group(start, i, group);
            return;
        }
        let parameters = &self.problem.parameters;
        let single = parameters.scales.len() == 1;
        for lane in 0..self.rows {
            let at = if single { 0 } else { (self.first + lane) * parameters.groups + group };
            self.scales[lane] = parameters.scales[at];
            self.zeros[lane] = parameters.zeros[at];
        }
    }

    fn fit_group(&mut self, start: usize, i: usize, group: usize) {
        let problem = self.problem;
        let end = problem.cols.min(i + problem.spec.group_size(problem.cols));
        let columns =
            if problem.fresh { self.updated(start, i, end) } else { self.weight[i * LANES..end * LANES].to_vec() };
        let mut values = vec![0.0; end - i];
        for lane in 0..self.rows {
            for (value, column) in values.iter_mut().zip(columns.chunks_exact(LANES)) {
                *value = column[lane];
            }
            let step = fit_segment(self.set, &problem.spec.grid, problem.spec.clip, &values);
            (self.scales[lane], self.zeros[lane]) = (step.scale, step.zero);
            if let Some((scales, zeros)) = &mut self.fitted {
                scales[lane * problem.parameters.groups + group] = step.scale;
                zeros[lane * problem.parameters.groups + group] = step.zero;
            }
        }
    }

    /// Columns `i .. end` with every error so far pushed on: those of the block are up to date, those beyond it
    /// still lack the errors of the block.
    fn updated(&self, start: usize, i: usize, end: usize) -> Vec<f32> {
        let inside = (self.block_end(start)).min(end);
        let mut columns = self.block[(i - start) * LANES..(inside - start) * LANES].to_vec();
        for j in inside..end {
            let mut column = self.weight[j * LANES..(j + 1) * LANES].to_vec();
            for k in start..i {
                let error = &self.errors[(k - start) * LANES..][..LANES];
                vectorized!(
                    self.set,
                    subtract_scaled(&mut column, self.factor.values[k * self.factor.stride + j], error)
                );
            }
            columns.extend(column);
        }
        columns
    }

    fn block_end(&self, start: usize) -> usize {
        self.problem.cols.min(start + self.problem.block_size)
    }

    fn quantize_column(&mut self, start: usize, i: usize) -> f64 {
        let pivot = self.factor.values[i * self.factor.stride + i];
        let at = (i - start) * LANES;
        let column = &self.block[at..at + LANES];
        let errors = &mut self.errors[at..at + LANES];
        let (rounding, scales, zeros) = (&self.rounding, &self.scales[..LANES], &self.zeros[..LANES]);
        let mut codes = [0; TILE_MAX];
        self.set.vectorize(
            #[inline(always)]
            || {
                for lane in 0..LANES {
                    let code = rounding.code(column[lane], scales[lane], zeros[lane]);
                    errors[lane] = (column[lane] - decode(code, scales[lane], zeros[lane])) / pivot;
                    codes[lane] = code as u8;
                }
            },
        );
        let place = self.problem.order[i];
        for (row, &code) in self.codes.chunks_exact_mut(self.problem.cols).zip(&codes) {
            row[place] = code;
        }
        errors[..self.rows].iter().map(|&e| f64::from(e) * f64::from(e)).sum()
    }

    /// Pushes the error of column `i` onto the columns after it in the block.
    fn spread(&mut self, start: usize, i: usize, end: usize) {
        let error = &self.errors[(i - start) * LANES..][..LANES];
        let factors = &self.factor.values[i * self.factor.stride..][i + 1..end];
        let columns = &mut self.block[(i + 1 - start) * LANES..(end - start) * LANES];
        vectorized!(self.set, spread_over(columns, factors, error));
    }

    /// Pushes the errors of the block `start .. end` onto all columns after it.
    pub fn push_on(&mut self, start: usize, end: usize, out: &mut [f32; TILE_MAX]) {
        let Tile { rows, cols, .. } = self.tile;
        let stride = self.factor.stride;
        for (g, columns) in self.weight[end * LANES..].chunks_mut(rows * LANES).enumerate() {
            let factors = Side { values: &self.factor.values[start * stride + end + g * rows..], stride };
            for lane in (0..LANES).step_by(cols) {
                let errors = Side { values: &self.errors[lane..], stride: LANES };
                self.tile.multiply(end - start, factors, errors, out);
                for (column, sums) in columns.chunks_exact_mut(LANES).zip(out.chunks_exact(cols)) {
                    column[lane..lane + cols].iter_mut().zip(sums).for_each(|(w, sum)| *w -= sum);
                }
            }
        }
    }
}

#[inline(always)]
fn spread_over<const FUSED: bool>(columns: &mut [f32], factors: &[f32], error: &[f32]) {
    for (column, &factor) in columns.chunks_exact_mut(error.len()).zip(factors) {
        subtract_scaled::<FUSED>(column, factor, error);
    }
}
