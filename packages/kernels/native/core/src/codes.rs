//! Whole matrices: fitting their grids, encoding and decoding.

use crate::clip::{ClipSearch, RUN, extent, fit_segment, run_error, search};
use crate::grid::{Grid, Step, decode as decode_one};
use crate::simd::InstructionSet;
use rayon::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    Tensor,
    Channel,
    /// Columns that share a step; the last group may be shorter.
    Group(usize),
}

#[derive(Clone, Copy, Debug)]
pub struct Spec {
    pub grid: Grid,
    pub granularity: Granularity,
    pub clip: Option<ClipSearch>,
}

/// Scales rows × groups (one for a tensor), and as many zeros.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pub scales: Vec<f32>,
    pub zeros: Vec<f32>,
    pub groups: usize,
}

impl Parameters {
    fn collect(steps: Vec<Step>, groups: usize) -> Self {
        let (scales, zeros) = steps.into_iter().map(|step| (step.scale, step.zero)).unzip();
        Self { scales, zeros, groups }
    }
}

impl Spec {
    pub fn groups(&self, cols: usize) -> usize {
        cols.div_ceil(self.group_size(cols))
    }

    pub fn group_size(&self, cols: usize) -> usize {
        match self.granularity {
            Granularity::Group(size) => size.min(cols),
            _ => cols,
        }
    }
}

/// Grids of a row-major matrix of `cols` columns.
pub fn fit_grid(set: InstructionSet, weight: &[f32], cols: usize, spec: &Spec) -> Parameters {
    if spec.granularity == Granularity::Tensor {
        return Parameters::collect(vec![fit_tensor(set, weight, spec)], 1);
    }
    let groups = spec.groups(cols);
    let size = spec.group_size(cols);
    let steps = weight
        .par_chunks_exact(cols)
        .with_min_len(8)
        .flat_map_iter(|row| row.chunks(size).map(|group| fit_segment(set, &spec.grid, spec.clip, group)))
        .collect();
    Parameters::collect(steps, groups)
}

/// One grid for everything: as `fit_segment`, with its runs in parallel.
fn fit_tensor(set: InstructionSet, weight: &[f32], spec: &Spec) -> Step {
    let (low, high) = weight
        .par_chunks(RUN)
        .map(|run| {
            set.vectorize(
                #[inline(always)]
                || extent(run),
            )
        })
        .reduce(|| (f32::INFINITY, f32::NEG_INFINITY), |a, b| (a.0.min(b.0), a.1.max(b.1)));
    let (low, high) = spec.grid.range(low, high);
    let Some(clip) = spec.clip else { return spec.grid.step(low, high) };
    let rounding = spec.grid.rounding();
    search(&spec.grid, clip, low, high, |step, _| {
        let errors: Vec<f64> = weight
            .par_chunks(RUN)
            .map(|run| {
                set.vectorize(
                    #[inline(always)]
                    || run_error(run, step, &rounding, clip.norm, 0.0, f64::INFINITY),
                )
            })
            .collect();
        errors.iter().fold(0.0, |total, error| total + error)
    })
}

/// Which step a column of a row uses.
pub struct Layout<'a> {
    pub parameters: &'a Parameters,
    pub spec: &'a Spec,
    pub cols: usize,
    /// column → group, where that is not `column / group size`
    pub group_index: Option<&'a [i32]>,
}

impl Layout<'_> {
    fn step(&self, row: usize, group: usize) -> Step {
        let at = if self.spec.granularity == Granularity::Tensor { 0 } else { row * self.parameters.groups + group };
        let zero = if self.spec.grid.symmetric { self.spec.grid.half() } else { self.parameters.zeros[at] };
        Step { scale: self.parameters.scales[at], zero }
    }

    /// Calls `work` with each run of columns that share a step.
    #[inline(always)]
    fn runs(&self, row: usize, mut work: impl FnMut(std::ops::Range<usize>, Step)) {
        let Some(index) = self.group_index else {
            let size = self.spec.group_size(self.cols);
            for group in 0..self.spec.groups(self.cols) {
                work(group * size..self.cols.min((group + 1) * size), self.step(row, group));
            }
            return;
        };
        for (column, &group) in index.iter().enumerate() {
            work(column..column + 1, self.step(row, group as usize));
        }
    }
}

pub fn encode(set: InstructionSet, weight: &[f32], layout: &Layout) -> Vec<u8> {
    let rounding = layout.spec.grid.rounding();
    let mut codes = vec![0; weight.len()];
    let rows = codes.par_chunks_exact_mut(layout.cols).zip(weight.par_chunks_exact(layout.cols)).enumerate();
    rows.with_min_len(8).for_each(|(row, (codes, weight))| {
        set.vectorize(
            #[inline(always)]
            || {
                layout.runs(
                    row,
                    #[inline(always)]
                    |run, step| {
                        for (code, &w) in codes[run.clone()].iter_mut().zip(&weight[run]) {
                            *code = rounding.code(w, step.scale, step.zero) as u8;
                        }
                    },
                )
            },
        );
    });
    codes
}

/// `Q(W s) / s` with one factor s a column: a weight as it comes back from a grid fitted to its scaled columns.
pub fn round_scaled(set: InstructionSet, weight: &[f32], cols: usize, factors: &[f32], spec: &Spec) -> Vec<f32> {
    let mut values = vec![0.0; weight.len()];
    let rows = values.par_chunks_exact_mut(cols).zip(weight.par_chunks_exact(cols)).with_min_len(8);
    rows.for_each(|(row, weight)| {
        for ((value, &w), &factor) in row.iter_mut().zip(weight).zip(factors) {
            *value = w * factor;
        }
    });
    let tensor = (spec.granularity == Granularity::Tensor).then(|| fit_tensor(set, &values, spec));
    let size = spec.group_size(cols);
    let rounding = spec.grid.rounding();
    values.par_chunks_exact_mut(cols).with_min_len(8).for_each(|row| {
        for (group, factors) in row.chunks_mut(size).zip(factors.chunks(size)) {
            let Step { scale, zero } = tensor.unwrap_or_else(|| fit_segment(set, &spec.grid, spec.clip, group));
            let zero = if spec.grid.symmetric { spec.grid.half() } else { zero };
            set.vectorize(
                #[inline(always)]
                || {
                    for (value, &factor) in group.iter_mut().zip(factors) {
                        *value = decode_one(rounding.code(*value, scale, zero), scale, zero) / factor;
                    }
                },
            );
        }
    });
    values
}

pub fn decode(set: InstructionSet, codes: &[u8], layout: &Layout) -> Vec<f32> {
    let mut weight = vec![0.0; codes.len()];
    let rows = weight.par_chunks_exact_mut(layout.cols).zip(codes.par_chunks_exact(layout.cols)).enumerate();
    rows.with_min_len(8).for_each(|(row, (weight, codes))| {
        set.vectorize(
            #[inline(always)]
            || {
                layout.runs(
                    row,
                    #[inline(always)]
                    |run, step| {
                        for (w, &code) in weight[run.clone()].iter_mut().zip(&codes[run]) {
                            *w = decode_one(f32::from(code), step.scale, step.zero);
                        }
                    },
                )
            },
        );
    });
    weight
}
