//! Products, factors and GPTQ on every instruction set of this processor, against plain loops in float64.

use lowbit_kernels::codes::{Granularity, Spec, fit_grid};
use lowbit_kernels::factor::damped_inverse_factor;
use lowbit_kernels::gptq::{ActOrder, GroupScales, Options, gptq};
use lowbit_kernels::grid::{Grid, GridName};
use lowbit_kernels::moment::{add_second_moment, quadratic_error};
use lowbit_kernels::simd::InstructionSet;
use lowbit_kernels::tile::{Element, Side, TILE_MAX};

fn random(count: usize, mut seed: u32) -> Vec<f32> {
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed as i32 as f32 / 2_147_483_648.0
    };
    (0..count).map(|_| next()).collect()
}

fn moment_of(inputs: &[f32], cols: usize) -> Vec<f64> {
    let mut sums = vec![0.0; cols * cols];
    for x in inputs.chunks_exact(cols) {
        for i in 0..cols {
            for j in 0..cols {
                sums[i * cols + j] += f64::from(x[i]) * f64::from(x[j]);
            }
        }
    }
    sums
}

#[test]
fn tiles_multiply() {
    for set in InstructionSet::available() {
        let tile = f32::tile(set);
        for (depth, a_stride, b_stride) in [(1, tile.rows, tile.cols), (37, tile.rows + 3, tile.cols + 5)] {
            let (a, b) = (random(depth * a_stride, 1), random(depth * b_stride, 2));
            let mut out = [0.0; TILE_MAX];
            tile.multiply(
                depth,
                Side { values: &a, stride: a_stride },
                Side { values: &b, stride: b_stride },
                &mut out,
            );
            for i in 0..tile.rows {
                for j in 0..tile.cols {
                    let sum: f64 =
                        (0..depth).map(|k| f64::from(a[k * a_stride + i]) * f64::from(b[k * b_stride + j])).sum();
                    let error = f64::from(out[i * tile.cols + j]) - sum;
                    assert!(error.abs() < 1e-5, "{} {i} {j}: {error}", set.name());
                }
            }
        }
    }
}

#[test]
fn second_moments_add_up() {
    for set in InstructionSet::available() {
        for (tokens, cols) in [(1, 1), (257, 50), (600, 97)] {
            let inputs = random(tokens * cols, 3);
            let mut moment = vec![0.0; cols * cols];
            for part in inputs.chunks(100 * cols) {
                add_second_moment(set, &mut moment, part, cols);
            }
            let expected = moment_of(&inputs, cols);
            for (i, (&found, &sum)) in moment.iter().zip(&expected).enumerate() {
                let size = (expected[i / cols * (cols + 1)] * expected[i % cols * (cols + 1)]).sqrt();
                assert!((f64::from(found) - sum).abs() < 1e-6 * size, "{} {tokens} {cols}", set.name());
            }
        }
    }
}

#[test]
fn factors_invert() {
    const N: usize = 101;
    for set in InstructionSet::available() {
        let mut moment = vec![0.0; N * N];
        add_second_moment(set, &mut moment, &random(300 * N, 4), N);
        let (factor, damp) = damped_inverse_factor(set, &moment, N, 0.01);
        let u = factor.expect("positive definite");
        // U (H + damp) Uᵀ = I
        for i in 0..N {
            let line: Vec<f64> = (0..N)
                .map(|j| {
                    let damped = |k: usize| f64::from(moment[k * N + j]) + if k == j { f64::from(damp) } else { 0.0 };
                    (i..N).map(|k| f64::from(u[i * N + k]) * damped(k)).sum()
                })
                .collect();
            for j in 0..N {
                let entry: f64 = (j..N).map(|k| line[k] * f64::from(u[j * N + k])).sum();
                let expected = f64::from(u8::from(i == j));
                assert!((entry - expected).abs() < 1e-5, "{} {i} {j}: {entry}", set.name());
            }
        }
    }
}

#[test]
fn an_indefinite_moment_is_refused() {
    for set in InstructionSet::available() {
        let (factor, _) = damped_inverse_factor(set, &[1.0, 3.0, 3.0, 1.0], 2, 0.01);
        assert!(factor.is_err(), "{}", set.name());
    }
}

#[test]
fn half_the_damped_error_is_the_loss_of_gptq() {
    const COLS: usize = 120;
    let weight = random(70 * COLS, 5);
    let grid = Grid { name: GridName::Gptq, symmetric: false, bits: 4, scale_type: None };
    for set in InstructionSet::available() {
        let mut moment = vec![0.0; COLS * COLS];
        add_second_moment(set, &mut moment, &random(400 * COLS, 6), COLS);
        for group_scales in [GroupScales::Static, GroupScales::Dynamic, GroupScales::Fresh] {
            let spec = Spec { grid, granularity: Granularity::Group(50), clip: None };
            let options = Options { spec, block_size: 32, damp_percent: 0.01, act_order: ActOrder::Off, group_scales };
            let found = gptq(set, &weight, COLS, &moment, &options).expect("positive definite");
            let delta: Vec<f32> = weight
                .iter()
                .enumerate()
                .map(|(i, w)| {
                    let at = i / COLS * found.parameters.groups + i % COLS / 50;
                    let code = f32::from(found.codes[i]);
                    w - (code - found.parameters.zeros[at]) * found.parameters.scales[at]
                })
                .collect();
            let damped: Vec<f32> =
                moment.iter().enumerate().map(|(i, h)| if i % (COLS + 1) == 0 { h + found.damp } else { *h }).collect();
            let error = quadratic_error(set, &delta, COLS, &damped) / 2.0;
            assert!((error / found.loss - 1.0).abs() < 1e-4, "{} {group_scales:?}: {error} {}", set.name(), found.loss);
        }
    }
}

#[test]
fn grids_have_the_same_bits_on_every_set() {
    let weight = random(40 * 75, 7);
    let clip = Some(lowbit_kernels::clip::ClipSearch { norm: 2.4, steps: 100, max_shrink: 0.8 });
    for name in [GridName::Gptq, GridName::Awq, GridName::CompressedTensors] {
        let grid = Grid { name, symmetric: false, bits: 3, scale_type: None };
        let spec = Spec { grid, granularity: Granularity::Group(32), clip };
        let found = InstructionSet::available().into_iter().map(|set| fit_grid(set, &weight, 75, &spec));
        let bits: Vec<Vec<u32>> =
            found.map(|p| p.scales.iter().chain(&p.zeros).map(|x| x.to_bits()).collect()).collect();
        assert!(bits.windows(2).all(|pair| pair[0] == pair[1]), "{name:?}");
    }
}
