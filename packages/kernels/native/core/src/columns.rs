//! Per-column statistics of layer inputs.

use crate::simd::InstructionSet;
use rayon::prelude::*;

/// Running statistics of `cols` columns; a fresh one has zeros in the first two, +∞ in `min` and −∞ in `max`.
pub struct ColumnStatistics<'a> {
    pub abs_max: &'a mut [f32],
    pub abs_sum: &'a mut [f64],
    pub min: &'a mut [f32],
    pub max: &'a mut [f32],
}

/// Columns that one task walks down: a few cache lines of each row.
const WIDTH: usize = 64;

/// Takes in tokens × cols values. Sums run over the tokens in order, so they do not depend on the threads.
pub fn add_column_statistics(set: InstructionSet, statistics: ColumnStatistics, inputs: &[f32]) {
    let cols = statistics.abs_max.len();
    statistics
        .abs_max
        .par_chunks_mut(WIDTH)
        .zip(statistics.abs_sum.par_chunks_mut(WIDTH))
        .zip(statistics.min.par_chunks_mut(WIDTH).zip(statistics.max.par_chunks_mut(WIDTH)))
        .enumerate()
        .for_each(|(chunk, ((abs_max, abs_sum), (min, max)))| {
            let own = chunk * WIDTH..chunk * WIDTH + abs_max.len();
            let values = inputs.chunks_exact(cols).map(|token| &token[own.clone()]);
            let mut part = ColumnStatistics { abs_max, abs_sum, min, max };
            set.vectorize(
                #[inline(always)]
                || values.for_each(|values| part.add(values)),
            );
        });
}

impl ColumnStatistics<'_> {
    #[inline(always)]
    fn add(&mut self, values: &[f32]) {
        let sums = self.abs_max.iter_mut().zip(self.abs_sum.iter_mut());
        for ((abs_max, abs_sum), &x) in sums.zip(values) {
            let size = x.abs();
            *abs_max = if size > *abs_max { size } else { *abs_max };
            *abs_sum += f64::from(size);
        }
        for ((min, max), &x) in self.min.iter_mut().zip(self.max.iter_mut()).zip(values) {
            *min = if x < *min { x } else { *min };
            *max = if x > *max { x } else { *max };
        }
    }
}
