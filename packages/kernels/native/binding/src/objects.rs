//! The objects of `src/native-addon.ts` in Rust.

use lowbit_kernels::clip::ClipSearch;
use lowbit_kernels::codes::{Granularity, Parameters, Spec};
use lowbit_kernels::float_types::FloatType;
use lowbit_kernels::gptq::{ActOrder, GroupScales, Options};
use lowbit_kernels::grid::{Grid, GridName};
use napi::bindgen_prelude::{Float32Array, Float64Array, Int32Array, Uint8Array};
use napi::{Error, Result, Status};
use napi_derive::napi;

#[napi(object)]
pub struct GridObject {
    pub name: String,
    pub symmetric: bool,
    pub bits: u32,
}

#[napi(object)]
pub struct ClipObject {
    pub norm: f64,
    pub steps: u32,
    pub max_shrink: f64,
}

#[napi(object)]
pub struct SpecObject {
    pub grid: GridObject,
    pub granularity: String,
    pub group_size: u32,
    pub clip: Option<ClipObject>,
    pub scale_type: Option<String>,
}

#[napi(object)]
pub struct OptionsObject {
    pub spec: SpecObject,
    pub block_size: u32,
    pub damp_percent: f64,
    pub act_order: String,
    pub group_scales: String,
}

#[napi(object, object_to_js = false)]
pub struct RotationFactorObject {
    pub size: u32,
    pub matrix: Option<Float64Array>,
}

#[napi(object, object_from_js = false)]
pub struct ParametersObject {
    pub scales: Float32Array,
    pub zero_points: Option<Float32Array>,
    pub groups: u32,
}

#[napi(object, object_from_js = false)]
pub struct FactorObject {
    pub factor: Float32Array,
    pub damp: f64,
    /// the column where the factorization failed, or −1
    pub failed_column: i32,
}

#[napi(object, object_from_js = false)]
pub struct GptqObject {
    pub codes: Uint8Array,
    pub parameters: ParametersObject,
    pub group_index: Option<Int32Array>,
    pub permutation: Option<Int32Array>,
    pub loss: f64,
    pub damp: f64,
    pub damp_percent: f64,
    pub retries: u32,
    pub dead_columns: u32,
}

/// Packed codes, or the place of the first one that needs more bits.
#[napi(object, object_from_js = false)]
pub struct PackOutcome {
    pub packed: Option<Uint8Array>,
    pub too_large_at: f64,
}

/// A GPTQ result, or the column where every factorization failed.
#[napi(object, object_from_js = false)]
pub struct GptqOutcome {
    pub result: Option<GptqObject>,
    pub failed_column: i32,
}

fn unknown(what: &str, name: &str) -> Error {
    Error::new(Status::InvalidArg, format!("unknown {what} '{name}'"))
}

impl SpecObject {
    pub fn to_spec(&self) -> Result<Spec> {
        let name = GridName::parse(&self.grid.name).ok_or_else(|| unknown("grid", &self.grid.name))?;
        let granularity = match self.granularity.as_str() {
            "tensor" => Granularity::Tensor,
            "channel" => Granularity::Channel,
            "group" => Granularity::Group(self.group_size as usize),
            other => return Err(unknown("granularity", other)),
        };
        let scale_type = match self.scale_type.as_deref() {
            None | Some("float32") => None,
            Some("float16") => Some(FloatType::F16),
            Some("bfloat16") => Some(FloatType::Bf16),
            Some(other) => return Err(unknown("scaleType", other)),
        };
        Ok(Spec {
            grid: Grid { name, symmetric: self.grid.symmetric, bits: self.grid.bits, scale_type },
            granularity,
            clip: self.clip.as_ref().map(|c| ClipSearch { norm: c.norm, steps: c.steps, max_shrink: c.max_shrink }),
        })
    }
}

impl OptionsObject {
    pub fn to_options(&self) -> Result<Options> {
        Ok(Options {
            spec: self.spec.to_spec()?,
            block_size: self.block_size as usize,
            damp_percent: self.damp_percent,
            act_order: match self.act_order.as_str() {
                "off" => ActOrder::Off,
                "static" => ActOrder::Static,
                "group" => ActOrder::Group,
                "group-aware" => ActOrder::GroupAware,
                other => return Err(unknown("actOrder", other)),
            },
            group_scales: match self.group_scales.as_str() {
                "static" => GroupScales::Static,
                "dynamic" => GroupScales::Dynamic,
                "fresh" => GroupScales::Fresh,
                other => return Err(unknown("groupScales", other)),
            },
        })
    }
}

impl ParametersObject {
    pub fn new(parameters: Parameters, symmetric: bool) -> Self {
        Self {
            scales: parameters.scales.into(),
            zero_points: (!symmetric).then(|| parameters.zeros.into()),
            groups: parameters.groups as u32,
        }
    }
}

pub fn to_parameters(scales: &Float32Array, zero_points: Option<&Float32Array>, groups: u32) -> Parameters {
    Parameters {
        scales: scales.to_vec(),
        zeros: zero_points.map_or_else(Vec::new, |zeros| zeros.to_vec()),
        groups: groups as usize,
    }
}
