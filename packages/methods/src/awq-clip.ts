import type { GridSpec, Kernels, Matrix } from '@lowbit/kernels';

/** Ranges tried: 1, 0.95, ... 0.55 of each group's largest weight. */
const [clipSteps, clipCandidates] = [20, 10];

/** Clamps each group of each row to the range whose rounding has the least output error of the group alone. */
export async function clipGroups(
  weight: Matrix,
  samples: Float32Array,
  spec: GridSpec,
  kernels: Kernels,
): Promise<void> {
  const { rows, cols, data } = weight;
  const groups = Math.ceil(cols / spec.groupSize);
  const placeOf = (i: number): number => Math.floor(i / cols) * groups + Math.floor((i % cols) / spec.groupSize);
  const largest = new Float32Array(rows * groups);
  for (let i = 0; i < data.length; i++) {
    const place = placeOf(i);
    largest[place] = Math.max(largest[place] as number, Math.abs(data[i] as number));
  }
  const clampTo = (limits: Float32Array): Float32Array =>
    data.map((w, i) => Math.min(Math.max(w, -(limits[placeOf(i)] as number)), limits[placeOf(i)] as number));
  const best = { errors: new Float64Array(rows * groups).fill(Infinity), limits: largest.slice() };
  for (let candidate = 0; candidate < clipCandidates; candidate++) {
    const limits = largest.map((top) => top * (1 - candidate / clipSteps));
    const clamped = { rows, cols, data: clampTo(limits) };
    const parameters = await kernels.fitGrid(clamped, spec);
    const delta = await kernels.decode(await kernels.encode(clamped, spec, parameters), rows, cols, spec, parameters);
    for (let i = 0; i < data.length; i++) delta[i] = (delta[i] as number) - (data[i] as number);
    const errors = await kernels.groupErrors({ rows, cols, data: delta }, samples, spec.groupSize);
    for (const [place, error] of errors.entries())
      if (error < (best.errors[place] as number)) {
        best.errors[place] = error;
        best.limits[place] = limits[place] as number;
      }
  }
  data.set(clampTo(best.limits));
}
