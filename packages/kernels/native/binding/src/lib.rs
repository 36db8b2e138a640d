//! Node's view of the kernels: one class whose methods take typed arrays and give Promises. Lengths and ranges were
//! checked by `src/validate.ts`; nothing is computed here.

mod job;
mod objects;

use job::Job;
use lowbit_kernels::bits;
use lowbit_kernels::clip::ClipSearch;
use lowbit_kernels::clip_groups::clip_groups;
use lowbit_kernels::codes::{Layout, decode, encode, fit_grid, round_scaled};
use lowbit_kernels::columns::{ColumnStatistics, add_column_statistics};
use lowbit_kernels::factor::damped_inverse_factor;
use lowbit_kernels::float_types::{FloatType, first_non_finite, narrow, widen};
use lowbit_kernels::gptq::gptq;
use lowbit_kernels::hash::sha256_file;
use lowbit_kernels::moment::{add_second_moment, quadratic_error};
use lowbit_kernels::rotate::{RotationFactor, rotate};
use lowbit_kernels::simd::InstructionSet;
use napi::bindgen_prelude::{AsyncTask, Float32Array, Float64Array, Int32Array, Uint8Array};
use napi::{Error, Result, Status};
use napi_derive::napi;
use objects::{
    FactorObject, GptqObject, GptqOutcome, OptionsObject, PackOutcome, ParametersObject, RotationFactorObject,
    SpecObject, to_parameters,
};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::{path::Path, sync::Arc};

/// Changes with every change of this interface; `src/native.ts` refuses another one.
#[napi]
pub const INTERFACE_VERSION: u32 = 7;

/// The best one last.
#[napi]
pub fn available_instruction_sets() -> Vec<String> {
    InstructionSet::available().into_iter().map(|set| set.name().to_owned()).collect()
}

#[napi]
pub struct NativeKernels {
    set: InstructionSet,
    pool: Arc<ThreadPool>,
}

fn build_pool(threads: u32) -> Result<Arc<ThreadPool>> {
    let builder = ThreadPoolBuilder::new().num_threads(threads as usize).thread_name(|i| format!("lowbit-kernels-{i}"));
    builder
        .build()
        .map(Arc::new)
        .map_err(|error| Error::from_reason(format!("cannot start {threads} threads: {error}")))
}

fn float_type(name: &str) -> FloatType {
    if name == "BF16" { FloatType::Bf16 } else { FloatType::F16 }
}

#[napi]
impl NativeKernels {
    /// `instruction_set` names one to use instead of the best.
    #[napi(constructor)]
    pub fn new(threads: u32, instruction_set: Option<String>) -> Result<Self> {
        let set = match instruction_set {
            None => InstructionSet::detect(),
            Some(name) => InstructionSet::named(&name).ok_or_else(|| {
                Error::new(Status::InvalidArg, format!("this processor has no instruction set '{name}'"))
            })?,
        };
        Ok(Self { set, pool: build_pool(threads)? })
    }

    #[napi(getter)]
    pub fn instruction_set(&self) -> String {
        self.set.name().to_owned()
    }

    /// Work already begun keeps its threads.
    #[napi]
    pub fn set_threads(&mut self, threads: u32) -> Result<()> {
        self.pool = build_pool(threads)?;
        Ok(())
    }

    #[napi]
    pub fn fit_grid(
        &self,
        weight: Float32Array,
        cols: u32,
        spec: SpecObject,
    ) -> Result<AsyncTask<Job<ParametersObject>>> {
        let (set, spec) = (self.set, spec.to_spec()?);
        Ok(Job::start(&self.pool, move || {
            Ok(ParametersObject::new(fit_grid(set, &weight, cols as usize, &spec), spec.grid.symmetric))
        }))
    }

    #[napi]
    pub fn round_scaled(
        &self,
        weight: Float32Array,
        cols: u32,
        factors: Float32Array,
        spec: SpecObject,
    ) -> Result<AsyncTask<Job<Float32Array>>> {
        let (set, spec) = (self.set, spec.to_spec()?);
        Ok(Job::start(&self.pool, move || Ok(round_scaled(set, &weight, cols as usize, &factors, &spec).into())))
    }

    #[napi]
    #[allow(clippy::too_many_arguments)]
    pub fn encode(
        &self,
        weight: Float32Array,
        cols: u32,
        spec: SpecObject,
        scales: Float32Array,
        zero_points: Option<Float32Array>,
        groups: u32,
        group_index: Option<Int32Array>,
    ) -> Result<AsyncTask<Job<Uint8Array>>> {
        let (set, spec) = (self.set, spec.to_spec()?);
        Ok(Job::start(&self.pool, move || {
            let parameters = to_parameters(&scales, zero_points.as_ref(), groups);
            let group_index = group_index.as_deref();
            let layout = Layout { parameters: &parameters, spec: &spec, cols: cols as usize, group_index };
            Ok(encode(set, &weight, &layout).into())
        }))
    }

    #[napi]
    #[allow(clippy::too_many_arguments)]
    pub fn decode(
        &self,
        codes: Uint8Array,
        cols: u32,
        spec: SpecObject,
        scales: Float32Array,
        zero_points: Option<Float32Array>,
        groups: u32,
        group_index: Option<Int32Array>,
    ) -> Result<AsyncTask<Job<Float32Array>>> {
        let (set, spec) = (self.set, spec.to_spec()?);
        Ok(Job::start(&self.pool, move || {
            let parameters = to_parameters(&scales, zero_points.as_ref(), groups);
            let group_index = group_index.as_deref();
            let layout = Layout { parameters: &parameters, spec: &spec, cols: cols as usize, group_index };
            Ok(decode(set, &codes, &layout).into())
        }))
    }

    #[napi]
    pub fn pack(&self, codes: Uint8Array, cols: u32, bits: u32) -> AsyncTask<Job<PackOutcome>> {
        Job::start(&self.pool, move || {
            Ok(match bits::pack(&codes, cols as usize, bits) {
                Ok(packed) => PackOutcome { packed: Some(packed.into()), too_large_at: -1.0 },
                Err(at) => PackOutcome { packed: None, too_large_at: at as f64 },
            })
        })
    }

    #[napi]
    pub fn unpack(&self, packed: Uint8Array, cols: u32, bits: u32) -> AsyncTask<Job<Uint8Array>> {
        Job::start(&self.pool, move || Ok(bits::unpack(&packed, cols as usize, bits).into()))
    }

    #[napi]
    pub fn add_second_moment(&self, mut moment: Float32Array, inputs: Float32Array, cols: u32) -> AsyncTask<Job<()>> {
        let set = self.set;
        Job::start(&self.pool, move || {
            // SAFETY: `src/native.ts` starts no second call on this array before the first has ended.
            add_second_moment(set, unsafe { moment.as_mut() }, &inputs, cols as usize);
            Ok(())
        })
    }

    #[napi]
    pub fn add_column_statistics(
        &self,
        mut abs_max: Float32Array,
        mut abs_sum: Float64Array,
        mut min: Float32Array,
        mut max: Float32Array,
        inputs: Float32Array,
    ) -> AsyncTask<Job<()>> {
        let set = self.set;
        Job::start(&self.pool, move || {
            // SAFETY: as in `add_second_moment`.
            let (abs_max, abs_sum, min, max) =
                unsafe { (abs_max.as_mut(), abs_sum.as_mut(), min.as_mut(), max.as_mut()) };
            add_column_statistics(set, ColumnStatistics { abs_max, abs_sum, min, max }, &inputs);
            Ok(())
        })
    }

    #[napi]
    pub fn clip_groups(
        &self,
        weight: Float32Array,
        cols: u32,
        samples: Float32Array,
        spec: SpecObject,
        steps: u32,
        max_shrink: f64,
    ) -> Result<AsyncTask<Job<Float32Array>>> {
        let (set, spec) = (self.set, spec.to_spec()?);
        let (cols, clip) = (cols as usize, ClipSearch { norm: 2.0, steps, max_shrink });
        Ok(Job::start(&self.pool, move || Ok(clip_groups(set, &weight, &samples, cols, &spec, clip).into())))
    }

    #[napi]
    pub fn inverse_factor(&self, moment: Float32Array, cols: u32, damp_percent: f64) -> AsyncTask<Job<FactorObject>> {
        let (set, n) = (self.set, cols as usize);
        Job::start(&self.pool, move || {
            let (factor, damp) = damped_inverse_factor(set, &moment, n, damp_percent);
            let damp = f64::from(damp);
            Ok(match factor {
                Ok(factor) => FactorObject { factor: factor.into(), damp, failed_column: -1 },
                Err(error) => FactorObject { factor: Vec::new().into(), damp, failed_column: error.column as i32 },
            })
        })
    }

    #[napi]
    pub fn gptq(
        &self,
        weight: Float32Array,
        cols: u32,
        moment: Float32Array,
        options: OptionsObject,
    ) -> Result<AsyncTask<Job<GptqOutcome>>> {
        let (set, options) = (self.set, options.to_options()?);
        Ok(Job::start(&self.pool, move || {
            Ok(match gptq(set, &weight, cols as usize, &moment, &options) {
                Err(error) => GptqOutcome { result: None, failed_column: error.column as i32 },
                Ok(found) => GptqOutcome {
                    failed_column: -1,
                    result: Some(GptqObject {
                        codes: found.codes.into(),
                        parameters: ParametersObject::new(found.parameters, options.spec.grid.symmetric),
                        group_index: found.group_index.map(Into::into),
                        permutation: found.permutation.map(Into::into),
                        loss: found.loss,
                        damp: f64::from(found.damp),
                        damp_percent: found.damp_percent,
                        retries: found.retries,
                        dead_columns: found.dead_columns as u32,
                    }),
                },
            })
        }))
    }

    #[napi]
    pub fn quadratic_error(&self, delta: Float32Array, cols: u32, moment: Float32Array) -> AsyncTask<Job<f64>> {
        let set = self.set;
        Job::start(&self.pool, move || Ok(quadratic_error(set, &delta, cols as usize, &moment)))
    }

    #[napi]
    pub fn rotate(
        &self,
        values: Float32Array,
        outer: u32,
        factors: Vec<RotationFactorObject>,
        inner: u32,
    ) -> AsyncTask<Job<Float32Array>> {
        let set = self.set;
        Job::start(&self.pool, move || {
            let factors: Vec<RotationFactor> = factors
                .iter()
                .map(|factor| RotationFactor { size: factor.size as usize, matrix: factor.matrix.as_deref() })
                .collect();
            Ok(rotate(set, &values, outer as usize, &factors, inner as usize).into())
        })
    }

    #[napi]
    pub fn widen(&self, bytes: Uint8Array, dtype: String) -> AsyncTask<Job<Float32Array>> {
        Job::start(&self.pool, move || Ok(widen(&bytes, float_type(&dtype)).into()))
    }

    #[napi]
    pub fn narrow(&self, values: Float32Array, dtype: String) -> AsyncTask<Job<Uint8Array>> {
        Job::start(&self.pool, move || Ok(narrow(&values, float_type(&dtype)).into()))
    }

    /// −1 where all are finite.
    #[napi]
    pub fn first_non_finite(&self, values: Float32Array) -> AsyncTask<Job<f64>> {
        Job::start(&self.pool, move || Ok(first_non_finite(&values).map_or(-1.0, |at| at as f64)))
    }

    #[napi]
    pub fn sha256_file(&self, path: String) -> AsyncTask<Job<String>> {
        Job::start(&self.pool, move || {
            sha256_file(Path::new(&path)).map_err(|error| Error::from_reason(error.to_string()))
        })
    }
}
