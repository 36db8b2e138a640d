//! Rotations on every instruction set of this processor, against plain loops in float64.

use lowbit_kernels::rotate::{RotationFactor, rotate};
use lowbit_kernels::simd::InstructionSet;

fn random(count: usize, mut seed: u32) -> Vec<f64> {
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed as i32) / 2_147_483_648.0
    };
    (0..count).map(|_| next()).collect()
}

fn rotate_plainly(values: &[f32], outer: usize, sizes: &[(usize, &[f64])]) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().map(|&x| f64::from(x)).collect();
    let mut before = outer;
    for &(size, matrix) in sizes {
        let after = values.len() / (before * size);
        let mut next = vec![0.0; values.len()];
        for (at, y) in next.iter_mut().enumerate() {
            let (o, j, i) = (at / (size * after), at / after % size, at % after);
            *y = (0..size).map(|k| values[(o * size + k) * after + i] * matrix[k * size + j]).sum();
        }
        values = next;
        before *= size;
    }
    values
}

#[test]
fn rotations_match_plain_loops() {
    let matrices: Vec<Vec<f64>> = [3, 17, 26, 1].iter().map(|&n: &usize| random(n * n, n as u32)).collect();
    let all: Vec<(usize, &[f64])> = [3, 17, 26, 1].into_iter().zip(matrices.iter().map(Vec::as_slice)).collect();
    for (outer, inner, used) in [(1, 1, 2), (30, 1, 3), (1, 53, 3), (5, 7, 4), (2, 2, 0)] {
        let size: usize = all[..used].iter().map(|(size, _)| size).product();
        let values: Vec<f32> = random(outer * size * inner, 9).into_iter().map(|x| x as f32).collect();
        let expected = rotate_plainly(&values, outer, &all[..used]);
        let factors: Vec<RotationFactor> =
            all[..used].iter().map(|&(size, matrix)| RotationFactor { size, matrix: Some(matrix) }).collect();
        for set in InstructionSet::available() {
            let found = rotate(set, &values, outer, &factors, inner);
            assert_eq!(found.len(), expected.len());
            for (y, &sum) in found.iter().zip(&expected) {
                // half the spacing of float32, and the last bits of float64
                let allowed = sum.abs() / 16_777_216.0 + 1e-12;
                assert!((f64::from(*y) - sum).abs() <= allowed, "{} {outer} {inner}: {y} {sum}", set.name());
            }
        }
    }
}

#[test]
fn an_axis_can_be_left_alone() {
    let matrix = random(9, 1);
    let values: Vec<f32> = random(4 * 3 * 5, 2).into_iter().map(|x| x as f32).collect();
    let wanted = rotate_plainly(&values, 4, &[(3, &matrix)]);
    for set in InstructionSet::available() {
        let rotated = rotate(
            set,
            &values,
            1,
            &[
                RotationFactor { size: 4, matrix: None },
                RotationFactor { size: 3, matrix: Some(&matrix) },
                RotationFactor { size: 5, matrix: None },
            ],
            1,
        );
        assert!(rotated.iter().zip(&wanted).all(|(y, sum)| (f64::from(*y) - sum).abs() < 1e-7), "{}", set.name());
    }
}
