//! The affine grids that methods quantize to, by name: how a range becomes a step and a zero, and how a weight
//! becomes a code. All in float32, one rounding per operation, exactly as `src/reference/grid.ts`.
//!
//! One code domain for all: codes 0 ..= 2^bits − 1, `w ≈ (code − zero) · scale`. Symmetric grids have the constant
//! zero 2^(bits − 1).

use crate::float_types::FloatType;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridName {
    Gptq,
    CompressedTensors,
    Quarot,
    Awq,
    Smoothquant,
    Owq,
}

impl GridName {
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "gptq" => Self::Gptq,
            "compressed-tensors" => Self::CompressedTensors,
            "quarot" => Self::Quarot,
            "awq" => Self::Awq,
            "smoothquant" => Self::Smoothquant,
            "owq" => Self::Owq,
            _ => return None,
        })
    }
}

/// The smallest range or absolute maximum that QuaRot, AWQ and SmoothQuant divide.
const FLOOR: f32 = 1e-5;

#[derive(Clone, Copy, Debug)]
pub struct Grid {
    pub name: GridName,
    pub symmetric: bool,
    pub bits: u32,
    /// What scales are rounded to before any code is found, if not float32.
    pub scale_type: Option<FloatType>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub scale: f32,
    pub zero: f32,
}

impl Grid {
    /// 2^(bits − 1): the zero of a symmetric grid.
    pub fn half(&self) -> f32 {
        (1u32 << (self.bits - 1)) as f32
    }

    fn top(&self) -> f32 {
        ((1u32 << self.bits) - 1) as f32
    }

    /// What the grid takes as its range, given the least and the greatest weight.
    pub fn range(&self, low: f32, high: f32) -> (f32, f32) {
        use GridName::*;
        let (low, high) = match self.name {
            Awq => (low, high),
            _ => (low.min(0.0), high.max(0.0)),
        };
        let largest = low.abs().max(high.abs());
        match (self.name, self.symmetric) {
            // A row without a negative weight keeps low = 0, as in the reference code.
            (Gptq, true) if low >= 0.0 => non_empty(low, largest),
            (Gptq, true) => (-largest, largest),
            (Gptq | Quarot, false) => non_empty(low, high),
            (CompressedTensors, true) => (-largest, largest),
            (Quarot | Awq | Smoothquant, true) => (-largest.max(FLOOR), largest.max(FLOOR)),
            (Owq, true) if largest == 0.0 => (-1.0, 1.0),
            (Owq, true) => (-largest, largest),
            (_, false) => (low, high),
        }
    }

    /// Step and zero for a range, shrunk or not.
    pub fn step(&self, low: f32, high: f32) -> Step {
        if self.symmetric {
            return Step { scale: self.round_scale(self.symmetric_scale(low, high)), zero: self.half() };
        }
        let scale = self.round_scale(self.asymmetric_scale(low, high));
        Step { scale, zero: self.zero(low, scale) }
    }

    /// A scale of 0 or infinity would make NaN of a weight.
    fn round_scale(&self, scale: f32) -> f32 {
        match self.scale_type {
            None => scale.clamp(f32::from_bits(1), f32::MAX),
            Some(float_type) => float_type.nearest_positive(scale),
        }
    }

    fn symmetric_scale(&self, low: f32, high: f32) -> f32 {
        use GridName::*;
        let (half, top) = (self.half(), self.top());
        match self.name {
            Gptq => (high - low) / top,
            CompressedTensors => (high / (top / 2.0)).max(f32::EPSILON),
            Quarot | Awq | Smoothquant => high / (half - 1.0),
            Owq => high / half,
        }
    }

    fn asymmetric_scale(&self, low: f32, high: f32) -> f32 {
        let (width, top) = (high - low, self.top());
        match self.name {
            GridName::CompressedTensors => (width / top).max(f32::EPSILON),
            GridName::Gptq => width / top,
            _ => width.max(FLOOR) / top,
        }
    }

    fn zero(&self, low: f32, scale: f32) -> f32 {
        let (half, top, ratio) = (self.half(), self.top(), low / scale);
        let zero = if self.name == GridName::CompressedTensors {
            // It clamps before it rounds.
            (-half - ratio).clamp(-half, half - 1.0).round_ties_even() + half
        } else {
            // Only awq leaves the range of codes by itself; the others do where the scale was rounded down.
            (-ratio.round_ties_even()).clamp(0.0, top)
        };
        // No negative zero: it would be stored.
        zero + 0.0
    }

    pub fn rounding(&self) -> Rounding {
        let half = self.half();
        Rounding {
            shift_first: self.name == GridName::CompressedTensors && !self.symmetric,
            half,
            least: if self.name == GridName::Smoothquant { 1.0 } else { 0.0 },
            top: self.top(),
        }
    }
}

fn non_empty(low: f32, high: f32) -> (f32, f32) {
    if low == 0.0 && high == 0.0 { (-1.0, 1.0) } else { (low, high) }
}

/// How a weight becomes a code, once step and zero are known.
#[derive(Clone, Copy)]
pub struct Rounding {
    /// compressed-tensors adds the zero and clamps before it rounds; the others round first.
    shift_first: bool,
    half: f32,
    least: f32,
    top: f32,
}

impl Rounding {
    /// The code of `weight`, still as a float. Comparisons instead of `clamp`, so that NaN costs no branch.
    #[inline(always)]
    pub fn code(&self, weight: f32, scale: f32, zero: f32) -> f32 {
        let ratio = weight / scale;
        if self.shift_first {
            within(ratio + (zero - self.half), -self.half, self.half - 1.0).round_ties_even() + self.half
        } else {
            within(ratio.round_ties_even() + zero, self.least, self.top)
        }
    }
}

#[inline(always)]
fn within(value: f32, low: f32, high: f32) -> f32 {
    let value = if value < low { low } else { value };
    if value > high { high } else { value }
}

/// The weight that a code stands for.
#[inline(always)]
pub fn decode(code: f32, scale: f32, zero: f32) -> f32 {
    (code - zero) * scale
}
