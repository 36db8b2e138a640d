import type { Kernels } from '@lowbit/kernels';
import { LowbitError } from '../errors.js';
import { affine } from './affine.js';
import { dense } from './dense.js';
import type { EncodedWeight, TensorFormat } from './format.js';

/** The table: a new format is a new row, covered by the contract test that walks it. */
export const tensorFormats: readonly TensorFormat[] = [affine, dense];

/** The float32 weight `[rows, cols]` that stored bytes stand for: the sum of the parts, in order. */
export async function decodeWeight({ rows, cols, parts }: EncodedWeight, kernels: Kernels): Promise<Float32Array> {
  let sum: Float32Array | undefined;
  for (const part of parts) {
    const values = await formatOf(part.format).decode(part, rows, cols, kernels);
    if (sum === undefined) sum = values;
    else for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (values[i] as number);
  }
  return sum ?? new Float32Array(rows * cols);
}

function formatOf(name: string): TensorFormat {
  const format = tensorFormats.find((row) => row.name === name);
  if (format) return format;
  const known = tensorFormats.map((row) => row.name).join(', ');
  throw new LowbitError(
    'FORMAT_UNKNOWN',
    `Expected a tensor format this version knows (${known}), got '${name}'; use the version that wrote it.`,
  );
}
