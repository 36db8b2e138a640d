//! Per-column statistics of layer inputs.

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
pub fn add_column_statistics(statistics: ColumnStatistics, inputs: &[f32]) {
    let cols = statistics.abs_max.len();
    statistics
        .abs_max
        .par_chunks_mut(WIDTH)
        .zip(statistics.abs_sum.par_chunks_mut(WIDTH))
        .zip(statistics.min.par_chunks_mut(WIDTH).zip(statistics.max.par_chunks_mut(WIDTH)))
        .enumerate()
        .for_each(|(chunk, ((abs_max, abs_sum), (min, max)))| {
            for token in inputs.chunks_exact(cols) {
                let values = &token[chunk * WIDTH..][..abs_max.len()];
                for (j, &x) in values.iter().enumerate() {
                    abs_max[j] = if x.abs() > abs_max[j] { x.abs() } else { abs_max[j] };
                    abs_sum[j] += f64::from(x.abs());
                    min[j] = if x < min[j] { x } else { min[j] };
                    max[j] = if x > max[j] { x } else { max[j] };
                }
            }
        });
}
