import type { GridParameters, GridSpec, Matrix } from '../contract.js';
import { groupCount, groupWidth } from '../shape.js';
import { fitSegment } from './clip.js';
import { decodeWeight, encodeWeight, type Step } from './grid.js';

export function fitGrid({ data, rows, cols }: Matrix, spec: GridSpec): GridParameters {
  const steps: Step[] = [];
  if (spec.granularity === 'tensor') {
    steps.push(fitSegment(spec, data));
  } else {
    const width = groupWidth(spec, cols);
    for (let row = 0; row < rows; row++) {
      for (let start = 0; start < cols; start += width) {
        const end = Math.min(start + width, cols);
        steps.push(fitSegment(spec, data.subarray(row * cols + start, row * cols + end)));
      }
    }
  }
  return {
    scales: Float32Array.from(steps, (step) => step.scale),
    zeroPoints: spec.grid.symmetric ? undefined : Float32Array.from(steps, (step) => step.zero),
    groups: groupCount(spec, cols),
  };
}

export function encode(
  { data, rows, cols }: Matrix,
  spec: GridSpec,
  parameters: GridParameters,
  groupIndex?: Int32Array,
): Uint8Array {
  const codes = new Uint8Array(rows * cols);
  for (let i = 0; i < codes.length; i++) {
    codes[i] = encodeWeight(spec.grid, data[i]!, stepAt(spec, parameters, cols, i, groupIndex));
  }
  return codes;
}

export function decode(
  codes: Uint8Array,
  cols: number,
  spec: GridSpec,
  parameters: GridParameters,
  groupIndex?: Int32Array,
): Float32Array {
  return Float32Array.from(codes, (code, i) => decodeWeight(code, stepAt(spec, parameters, cols, i, groupIndex)));
}

/** Step and zero of the weight at place `i` of a row-major matrix. */
function stepAt(spec: GridSpec, parameters: GridParameters, cols: number, i: number, groupIndex?: Int32Array): Step {
  const column = i % cols;
  const group = groupIndex ? groupIndex[column]! : Math.floor(column / groupWidth(spec, cols));
  const at = spec.granularity === 'tensor' ? 0 : Math.floor(i / cols) * parameters.groups + group;
  return { scale: parameters.scales[at]!, zero: parameters.zeroPoints?.[at] ?? 2 ** (spec.grid.bits - 1) };
}

/** Every product and quotient rounded to float32. */
export function roundScaled({ data, rows, cols }: Matrix, factors: Float32Array, spec: GridSpec): Float32Array {
  const scaled = { data: data.map((w, i) => w * factors[i % cols]!), rows, cols };
  const parameters = fitGrid(scaled, spec);
  const rounded = decode(encode(scaled, spec, parameters), cols, spec, parameters);
  return rounded.map((w, i) => w / factors[i % cols]!);
}
