//! The kernels of Lowbit: grids, packing, second moments, the GPTQ loop, rotations. Matrices are row-major float32.
//!
//! Nothing here knows Node; arguments are checked by the caller (`src/validate.ts`). Work is spread over the rayon
//! pool that the caller installed. `src/reference/` has a plain TypeScript version of each.

pub mod bits;
pub mod clip;
pub mod clip_groups;
pub mod codes;
pub mod columns;
pub mod factor;
pub mod float_types;
pub mod gptq;
pub mod grid;
pub mod hash;
pub mod moment;
pub mod panels;
pub mod power;
pub mod rotate;
mod shared;
pub mod simd;
pub mod tile;
