//! What is settled before the first column is quantized: dead columns, order, static grids, the factor of H.

use super::{ActOrder, GroupScales, Options};
use crate::codes::{Granularity, Parameters, Spec, fit_grid};
use crate::factor::{Damped, Factor, NotPositiveDefinite, inverse_factor};
use crate::simd::InstructionSet;
use rayon::prelude::*;

const GREATEST_DAMPING: f64 = 1.0;
/// Where retries start when no damping was asked for: the paper's value.
const FIRST_DAMPING: f64 = 0.01;

pub struct Problem {
    /// rows × cols, columns in the order of treatment, dead ones zero
    pub weight: Vec<f32>,
    pub cols: usize,
    pub spec: Spec,
    pub block_size: usize,
    /// The grids known beforehand; empty when they are fitted on the way.
    pub parameters: Parameters,
    /// Whether grids are fitted on the way, and whether on the fully updated weight.
    pub refits: bool,
    pub fresh: bool,
    /// `order[i]` is the original column at place i
    pub order: Vec<usize>,
    /// place → group
    pub groups: Vec<usize>,
    pub dead_columns: usize,
    diagonal: Vec<f32>,
    mean: f64,
    damp_percent: f64,
    act_order: ActOrder,
}

pub struct Factored {
    pub factor: Factor,
    pub damp: f32,
    pub damp_percent: f64,
    pub retries: u32,
}

impl Problem {
    pub fn prepare(set: InstructionSet, weight: &[f32], cols: usize, moment: &[f32], options: &Options) -> Self {
        let spec = options.spec;
        let grouped = matches!(spec.granularity, Granularity::Group(_));
        let refits = grouped && options.group_scales != GroupScales::Static;
        let mut diagonal: Vec<f32> = (0..cols).map(|j| moment[j * cols + j]).collect();
        let dead: Vec<bool> = diagonal.iter().map(|&h| h == 0.0).collect();
        let dead_columns = dead.iter().filter(|&&d| d).count();
        let mean = live_mean(&diagonal, cols - dead_columns);
        for (h, _) in diagonal.iter_mut().zip(&dead).filter(|(_, dead)| **dead) {
            *h = mean as f32;
        }
        let mut order: Vec<usize> = (0..cols).collect();
        if options.act_order != ActOrder::Off {
            order.sort_by(|&a, &b| diagonal[b].total_cmp(&diagonal[a]));
        }
        let size = spec.group_size(cols);
        if options.act_order == ActOrder::GroupAware {
            keep_groups(&mut order, size);
        }
        let treated = arrange(weight, cols, &order, &dead);
        let parameters = if refits {
            Parameters { groups: spec.groups(cols), ..Parameters::default() }
        } else if !grouped {
            fit_grid(set, weight, cols, &spec)
        } else if options.act_order == ActOrder::Group {
            fit_grid(set, &treated, cols, &spec)
        } else {
            let places: Vec<usize> = (0..cols).collect();
            fit_grid(set, &arrange(weight, cols, &places, &dead), cols, &spec)
        };
        let groups =
            (0..cols).map(|i| if options.act_order == ActOrder::Group { i / size } else { order[i] / size }).collect();
        Self {
            weight: treated,
            cols,
            spec,
            block_size: options.block_size,
            parameters,
            refits,
            fresh: options.group_scales == GroupScales::Fresh,
            order,
            groups,
            dead_columns,
            diagonal,
            mean,
            damp_percent: options.damp_percent,
            act_order: options.act_order,
        }
    }

    /// The factor of the damped H. Where that fails, ten times the damping, up to the mean diagonal itself.
    pub fn factor(&self, set: InstructionSet, moment: &[f32]) -> Result<Factored, NotPositiveDefinite> {
        let mut damp_percent = self.damp_percent;
        let stride = self.cols.next_multiple_of(16) + 16;
        for retries in 0.. {
            let damp = (damp_percent * self.mean) as f32;
            let diagonal: Vec<f32> = self.diagonal.iter().map(|h| h + damp).collect();
            let source = Damped { moment, diagonal: &diagonal, order: &self.order };
            match inverse_factor(set, &source, stride) {
                Ok(factor) => return Ok(Factored { factor, damp, damp_percent, retries }),
                Err(error) if damp_percent >= GREATEST_DAMPING => return Err(error),
                Err(_) if damp_percent == 0.0 => damp_percent = FIRST_DAMPING,
                Err(_) => damp_percent = (damp_percent * 10.0).min(GREATEST_DAMPING),
            }
        }
        unreachable!("the damping reaches its greatest value")
    }

    /// Original column → group, where groups do not lie in order.
    pub fn group_index(&self) -> Option<Vec<i32>> {
        if self.act_order != ActOrder::Group || !matches!(self.spec.granularity, Granularity::Group(_)) {
            return None;
        }
        let mut index = vec![0; self.cols];
        for (place, &column) in self.order.iter().enumerate() {
            index[column] = self.groups[place] as i32;
        }
        Some(index)
    }

    pub fn permutation(&self) -> Option<Vec<i32>> {
        (self.act_order != ActOrder::Off).then(|| self.order.iter().map(|&column| column as i32).collect())
    }
}

/// The reference code gives dead columns a diagonal of 1 before it takes the mean, so its damping depends on the
/// scale of H where there are dead columns. Here 1 means one mean of the live diagonal, and it never does.
fn live_mean(diagonal: &[f32], live: usize) -> f64 {
    let sum: f64 = diagonal.iter().map(|&h| f64::from(h)).sum();
    if live == 0 { 1.0 } else { sum / live as f64 }
}

/// Groups in the order of their first columns, a shorter last one at the end: groups must begin where refits do.
fn keep_groups(order: &mut [usize], size: usize) {
    let whole = order.len() / size;
    let mut first = vec![order.len(); order.len().div_ceil(size)];
    for (place, &column) in order.iter().enumerate().rev().filter(|(_, column)| *column / size < whole) {
        first[column / size] = place;
    }
    order.sort_by_key(|column| first[column / size]);
}

fn arrange(weight: &[f32], cols: usize, order: &[usize], dead: &[bool]) -> Vec<f32> {
    let mut arranged = vec![0.0; weight.len()];
    arranged.par_chunks_exact_mut(cols).zip(weight.par_chunks_exact(cols)).for_each(|(to, from)| {
        for (value, &column) in to.iter_mut().zip(order) {
            *value = if dead[column] { 0.0 } else { from[column] };
        }
    });
    arranged
}
