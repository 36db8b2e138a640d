//! Conversions whose results are known exactly.

use lowbit_kernels::bits::{pack, unpack};
use lowbit_kernels::float_types::{FloatType, first_non_finite, narrow, widen};
use lowbit_kernels::power::power;

#[test]
fn packs_low_bits_first() {
    let codes: Vec<u8> = (0..8).collect();
    assert_eq!(pack(&codes, 8, 4), Ok(vec![0x10, 0x32, 0x54, 0x76]));
    assert_eq!(pack(&[1, 2, 3, 4, 5, 6], 3, 3), Ok(vec![0xd1, 0x00, 0xac, 0x01]));
    assert_eq!(pack(&[1, 2, 3, 4], 4, 2), Err(3));
}

#[test]
fn unpacks_what_was_packed() {
    for bits in 2..=8 {
        let codes: Vec<u8> = (0..7 * 13).map(|i| (i * 29 % (1 << bits)) as u8).collect();
        assert_eq!(unpack(&pack(&codes, 13, bits).expect("in range"), 13, bits), codes);
    }
}

#[test]
fn rounds_halves_to_even() {
    let one = 1.0_f32;
    let bytes =
        narrow(&[one + 2.0_f32.powi(-11), one + 3.0 * 2.0_f32.powi(-11), 65520.0, 2.0_f32.powi(-25)], FloatType::F16);
    assert_eq!(bytes, [0x00, 0x3c, 0x02, 0x3c, 0x00, 0x7c, 0x00, 0x00]);
    let bytes = narrow(&[one + 2.0_f32.powi(-8), one + 3.0 * 2.0_f32.powi(-8)], FloatType::Bf16);
    assert_eq!(bytes, [0x80, 0x3f, 0x82, 0x3f]);
    assert_eq!(widen(&[0x01, 0x00, 0xff, 0x7b], FloatType::F16), [2.0_f32.powi(-24), 65504.0]);
}

#[test]
fn scales_are_never_zero_or_infinite() {
    for (float_type, least, most) in
        [(FloatType::F16, 2.0_f32.powi(-24), 65504.0), (FloatType::Bf16, f32::from_bits(1 << 16), 3.389_531_4e38)]
    {
        let nearest = |value: f32| float_type.nearest_positive(value);
        assert_eq!([nearest(0.0), nearest(least / 4.0), nearest(least * 0.75)], [least; 3]);
        assert_eq!([nearest(most), nearest(f32::MAX), nearest(f32::INFINITY)], [most; 3]);
        assert_eq!(nearest(1.0 + 2.0_f32.powi(-12)), 1.0);
    }
}

#[test]
fn finds_the_first_value_that_is_not_finite() {
    let mut values = vec![0.0; 200_000];
    assert_eq!(first_non_finite(&values), None);
    values[150_000] = f32::NAN;
    values[90_000] = f32::INFINITY;
    assert_eq!(first_non_finite(&values), Some(90_000));
}

#[test]
fn powers_are_good_to_seven_digits() {
    assert_eq!(power(0.0, 2.4), 0.0);
    for norm in [0.5, 1.0, 2.0, 2.4, 6.0] {
        for exponent in -149..128 {
            for mantissa in [1.0, 1.25, 1.4999, 1.5, 1.75, 1.9999] {
                let x = mantissa * 2.0_f64.powi(exponent);
                let error = power(x, norm) / x.powf(norm) - 1.0;
                assert!(error.abs() < 1e-7, "{x} ^ {norm}: {error}");
            }
        }
    }
}
