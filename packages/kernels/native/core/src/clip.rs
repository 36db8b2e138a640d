//! Fitting one segment (a tensor, a row or a group): its range, and the search for a narrower one with less error.

use crate::grid::{Grid, Rounding, Step, decode};
use crate::power::power;
use crate::simd::InstructionSet;

/// "mse" of the GPTQ code: try `steps · max_shrink` shares of the range, keep the least `Σ |ŵ − w|^norm`.
#[derive(Clone, Copy, Debug)]
pub struct ClipSearch {
    pub norm: f64,
    pub steps: u32,
    pub max_shrink: f64,
}

impl ClipSearch {
    /// The shares of the range that are tried, from 1 downwards; the reference code multiplies in float32.
    pub fn shares(self) -> impl Iterator<Item = f32> {
        let count = (self.max_shrink * f64::from(self.steps)) as u32;
        (0..count).map(move |i| (1.0 - f64::from(i) / f64::from(self.steps)) as f32)
    }
}

/// Errors are summed over runs of this length, then the sums in order; the reference does the same.
pub const RUN: usize = 4096;
const LANES: usize = 8;
/// Terms between two looks at the limit.
const PART: usize = 32;

/// The least and the greatest value.
#[inline(always)]
pub fn extent(values: &[f32]) -> (f32, f32) {
    const WIDTH: usize = 16;
    let (mut low, mut high) = ([f32::INFINITY; WIDTH], [f32::NEG_INFINITY; WIDTH]);
    let chunks = values.chunks_exact(WIDTH);
    let rest = chunks.remainder();
    for chunk in chunks {
        for i in 0..WIDTH {
            low[i] = if chunk[i] < low[i] { chunk[i] } else { low[i] };
            high[i] = if chunk[i] > high[i] { chunk[i] } else { high[i] };
        }
    }
    let low = low.iter().chain(rest).fold(f32::INFINITY, |a, &b| if b < a { b } else { a });
    let high = high.iter().chain(rest).fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a });
    (low, high)
}

/// Step and zero of one segment.
pub fn fit_segment(set: InstructionSet, grid: &Grid, clip: Option<ClipSearch>, values: &[f32]) -> Step {
    let (low, high) = set.vectorize(
        #[inline(always)]
        || extent(values),
    );
    let (low, high) = grid.range(low, high);
    let Some(clip) = clip else { return grid.step(low, high) };
    let rounding = grid.rounding();
    search(grid, clip, low, high, |step, limit| {
        let mut total = 0.0;
        for run in values.chunks(RUN) {
            total += set.vectorize(
                #[inline(always)]
                || run_error(run, step, &rounding, clip.norm, total, limit),
            );
            if total >= limit {
                break;
            }
        }
        total
    })
}

/// Tries every share; `error` may stop early once it reaches the limit that it is given.
pub fn search(grid: &Grid, clip: ClipSearch, low: f32, high: f32, error: impl Fn(Step, f64) -> f64) -> Step {
    let (mut best, mut least) = (grid.step(low, high), f64::INFINITY);
    for share in clip.shares() {
        let step = grid.step(share * low, share * high);
        let found = error(step, least);
        if found < least {
            (best, least) = (step, found);
        }
    }
    best
}

/// `Σ |ŵ − w|^norm` over at most `RUN` values: eight running sums, then these in order. Infinite as soon as
/// `before` plus the sum reaches `limit`; as no term is negative, the whole sum would reach it too.
#[inline(always)]
pub fn run_error(run: &[f32], step: Step, rounding: &Rounding, norm: f64, before: f64, limit: f64) -> f64 {
    let mut sums = [0.0; LANES];
    let mut total = 0.0;
    let (mut errors, mut terms) = ([0.0; PART], [0.0; PART]);
    for part in run.chunks(PART) {
        // Three loops, because the compiler vectorizes each of them, but not all in one.
        for (error, &value) in errors.iter_mut().zip(part) {
            let code = rounding.code(value, step.scale, step.zero);
            *error = (decode(code, step.scale, step.zero) - value).abs();
        }
        for (term, &error) in terms.iter_mut().zip(&errors) {
            *term = power(f64::from(error), norm);
        }
        for chunk in terms[..part.len()].chunks(LANES) {
            for (sum, term) in sums.iter_mut().zip(chunk) {
                *sum += term;
            }
        }
        total = sums.iter().fold(0.0, |total, sum| total + sum);
        if before + total >= limit {
            return f64::INFINITY;
        }
    }
    total
}
