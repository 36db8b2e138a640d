//! Codes as bit streams: each row starts on a byte, the low bits first.

use rayon::prelude::*;

pub fn row_bytes(cols: usize, bits: u32) -> usize {
    (cols * bits as usize).div_ceil(8)
}

/// Packs codes, rows × cols. Returns the place of the first code that needs more than `bits` bits.
pub fn pack(codes: &[u8], cols: usize, bits: u32) -> Result<Vec<u8>, usize> {
    if let Some(at) = first_above(codes, ((1u32 << bits) - 1) as u8) {
        return Err(at);
    }
    let bytes = row_bytes(cols, bits);
    let mut packed = vec![0; codes.len() / cols * bytes];
    packed.par_chunks_exact_mut(bytes).zip(codes.par_chunks_exact(cols)).with_min_len(8).for_each(|(packed, codes)| {
        let (mut held, mut count) = (0u32, 0);
        let mut out = packed.iter_mut();
        for &code in codes {
            held |= u32::from(code) << count;
            count += bits;
            while count >= 8 {
                *out.next().expect("as many bytes as bits") = held as u8;
                held >>= 8;
                count -= 8;
            }
        }
        if count > 0 {
            *out.next().expect("a last byte for the rest") = held as u8;
        }
    });
    Ok(packed)
}

fn first_above(codes: &[u8], most: u8) -> Option<usize> {
    const RUN: usize = 1 << 16;
    let runs = codes.par_chunks(RUN).enumerate();
    // The greatest code of a run is found without a branch a code.
    let found = runs.filter(|(_, run)| run.iter().fold(0, |greatest, &code| code.max(greatest)) > most);
    found.filter_map(|(i, run)| run.iter().position(|&code| code > most).map(|at| i * RUN + at)).min()
}

pub fn unpack(packed: &[u8], cols: usize, bits: u32) -> Vec<u8> {
    let bytes = row_bytes(cols, bits);
    let mask = (1u32 << bits) - 1;
    let mut codes = vec![0; packed.len() / bytes * cols];
    codes.par_chunks_exact_mut(cols).zip(packed.par_chunks_exact(bytes)).with_min_len(8).for_each(|(codes, packed)| {
        let (mut held, mut count) = (0u32, 0);
        let mut input = packed.iter();
        for code in codes {
            while count < bits {
                held |= u32::from(*input.next().expect("as many bytes as bits")) << count;
                count += 8;
            }
            *code = (held & mask) as u8;
            held >>= bits;
            count -= bits;
        }
    });
    codes
}
