//! GPTQ: quantize the columns of a weight one after the other, and push each column's error onto those still to
//! come (Frantar et al. 2022, algorithm 1; the options are those of the reference code).

mod problem;
mod strip;

use crate::codes::{Parameters, Spec};
use crate::factor::{Factor, NotPositiveDefinite};
use crate::simd::InstructionSet;
use crate::tile::TILE_MAX;
use problem::Problem;
use rayon::prelude::*;
use strip::{LANES, Strip};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActOrder {
    Off,
    /// columns by falling diagonal of H, groups keep their place
    Static,
    /// the same, groups are formed over the new order
    Group,
    /// whole groups by their largest diagonal, columns by it within (arXiv:2505.14638)
    GroupAware,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupScales {
    /// all from the original weight
    Static,
    /// at the start of each group, from a weight that lacks the updates of the current block (the reference code)
    Dynamic,
    /// at the start of each group, from the fully updated weight
    Fresh,
}

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub spec: Spec,
    pub block_size: usize,
    pub damp_percent: f64,
    pub act_order: ActOrder,
    pub group_scales: GroupScales,
}

pub struct Outcome {
    /// rows × cols, columns in their original order
    pub codes: Vec<u8>,
    pub parameters: Parameters,
    pub group_index: Option<Vec<i32>>,
    pub permutation: Option<Vec<i32>>,
    /// `½ Σ e²`
    pub loss: f64,
    pub damp: f32,
    pub damp_percent: f64,
    pub retries: u32,
    pub dead_columns: usize,
}

/// Quantizes `weight` (rows × cols) under the second moment `moment` (cols × cols, any scale).
///
/// # Errors
/// Where the damped moment is not positive definite even at the greatest damping.
pub fn gptq(
    set: InstructionSet,
    weight: &[f32],
    cols: usize,
    moment: &[f32],
    options: &Options,
) -> Result<Outcome, NotPositiveDefinite> {
    let problem = Problem::prepare(set, weight, cols, moment, options);
    let factored = problem.factor(set, moment)?;
    let rows = weight.len() / cols;
    let mut parameters = problem.parameters.clone();
    let mut codes = vec![0; weight.len()];
    let loss = if problem.refits {
        parameters.scales = vec![0.0; rows * parameters.groups];
        parameters.zeros = vec![0.0; rows * parameters.groups];
        run(set, &problem, &factored.factor, &mut codes, Some(&mut parameters))
    } else {
        run(set, &problem, &factored.factor, &mut codes, None)
    };
    Ok(Outcome {
        codes,
        parameters,
        group_index: problem.group_index(),
        permutation: problem.permutation(),
        loss,
        damp: factored.damp,
        damp_percent: factored.damp_percent,
        retries: factored.retries,
        dead_columns: problem.dead_columns,
    })
}

/// Rows do not depend on each other, so every thread takes a strip of rows through all columns by itself. With
/// `fitted`, grids are fitted on the way and left there.
fn run(
    set: InstructionSet,
    problem: &Problem,
    factor: &Factor,
    codes: &mut [u8],
    fitted: Option<&mut Parameters>,
) -> f64 {
    let strips = codes.par_chunks_mut(LANES * problem.cols).enumerate();
    let losses: Vec<f64> = match fitted {
        None => strips.map(|(s, codes)| strip_loss(set, problem, factor, s, codes, None)).collect(),
        Some(Parameters { scales, zeros, groups }) => strips
            .zip(scales.par_chunks_mut(LANES * *groups))
            .zip(zeros.par_chunks_mut(LANES * *groups))
            .map(|(((s, codes), scales), zeros)| strip_loss(set, problem, factor, s, codes, Some((scales, zeros))))
            .collect(),
    };
    0.5 * losses.iter().sum::<f64>()
}

fn strip_loss(
    set: InstructionSet,
    problem: &Problem,
    factor: &Factor,
    index: usize,
    codes: &mut [u8],
    fitted: Option<(&mut [f32], &mut [f32])>,
) -> f64 {
    let mut strip = Strip::load(set, problem, factor, index, codes, fitted);
    let mut out = [0.0; TILE_MAX];
    let mut loss = 0.0;
    for start in (0..problem.cols).step_by(problem.block_size) {
        let end = problem.cols.min(start + problem.block_size);
        loss += strip.quantize_block(start, end);
        strip.push_on(start, end, &mut out);
    }
    loss
}
