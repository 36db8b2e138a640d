//! Which instructions the processor has, found once at run time, and how a loop gets compiled for them.

use std::sync::OnceLock;

/// What the hot loops are compiled for. The portable code behind `Sse2` and `Scalar` is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    Scalar,
    Sse2,
    Neon,
    Avx2,
    Avx512,
}

impl InstructionSet {
    /// Every set that this processor can run, the best one last.
    pub fn available() -> Vec<Self> {
        let mut sets = vec![Self::portable()];
        #[cfg(target_arch = "aarch64")]
        sets.push(Self::Neon);
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                sets.push(Self::Avx2);
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                {
                    sets.push(Self::Avx512);
                }
            }
        }
        sets
    }

    /// The best set of this processor.
    pub fn detect() -> Self {
        static BEST: OnceLock<InstructionSet> = OnceLock::new();
        *BEST.get_or_init(|| *Self::available().last().expect("the portable set is always available"))
    }

    /// The set called `name`, if this processor has it.
    pub fn named(name: &str) -> Option<Self> {
        Self::available().into_iter().find(|set| set.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Sse2 => "sse2",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether a multiply and an add are one instruction with one rounding. Without it `mul_add` would be a
    /// call into the C library.
    pub fn fuses(self) -> bool {
        matches!(self, Self::Neon | Self::Avx2 | Self::Avx512)
    }

    fn portable() -> Self {
        if cfg!(target_arch = "x86_64") { Self::Sse2 } else { Self::Scalar }
    }

    /// Runs `work` compiled for this set. The closure must be marked `#[inline(always)]`, and so must what it
    /// calls, or the loops inside stay compiled for the portable set.
    #[inline(always)]
    pub fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        match self {
            // SAFETY: a set is only made by `available`, which asked the processor.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { with_avx512(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { with_avx2(work) },
            _ => work(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Asks for `values` to be brought near, ahead of their use; a matter of speed alone.
#[inline(always)]
pub fn prefetch(values: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks(16) {
        // SAFETY: every x86-64 processor has the instruction, and it never faults.
        unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// Calls a function that takes `const FUSED: bool`, compiled for a set and with `FUSED` as the set has it. The
/// function must be marked `#[inline(always)]`.
macro_rules! vectorized {
    ($set:expr, $function:ident($($argument:expr),* $(,)?)) => {
        if $set.fuses() {
            $set.vectorize(#[inline(always)] || $function::<true>($($argument),*))
        } else {
            $function::<false>($($argument),*)
        }
    };
}
pub(crate) use vectorized;

/// `target[i] -= factor · source[i]`, with one rounding when `FUSED`.
#[inline(always)]
pub fn subtract_scaled<const FUSED: bool>(target: &mut [f32], factor: f32, source: &[f32]) {
    for (value, &s) in target.iter_mut().zip(source) {
        *value = if FUSED { (-factor).mul_add(s, *value) } else { *value - factor * s };
    }
}
