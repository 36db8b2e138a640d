import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { dtypeBits, tensorBytes } from './dtype.js';
import type { Dtype } from './dtype.js';

/** A tensor to write: its bytes (little endian, row-major), or a function that makes them when it is their turn. */
export interface NewTensor {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  data: Uint8Array | (() => Promise<Uint8Array>);
}

/**
 * Writes a safetensors file atomically: `path.part`, fsync, rename. One tensor's bytes are in memory at a time. Wider
 * dtypes come first, otherwise in the order given, so that every tensor is aligned without the gaps that the format
 * forbids. Throws RangeError when bytes do not fit shape and dtype; on any error no file is left.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly NewTensor[],
  metadata?: Record<string, string>,
): Promise<void> {
  const ordered = [...tensors].sort((a, b) => dtypeBits[b.dtype] - dtypeBits[a.dtype]);
  const part = `${path}.part`;
  try {
    const handle = await open(part, 'w');
    try {
      await handle.writeFile(encodeHeader(ordered, metadata));
      for (const tensor of ordered) await handle.writeFile(await tensorData(tensor));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

function encodeHeader(tensors: readonly NewTensor[], metadata: Record<string, string> | undefined): Uint8Array {
  const entries: [string, unknown][] = metadata ? [['__metadata__', metadata]] : [];
  const names = new Set<string>(['__metadata__']);
  let begin = 0;
  for (const { name, dtype, shape } of tensors) {
    if (names.has(name))
      throw new RangeError(`A safetensors file needs distinct tensor names, and "${name}" comes twice.`);
    names.add(name);
    const end = begin + expectedBytes({ name, dtype, shape });
    entries.push([name, { dtype, shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  // Padded with spaces to whole words, so that the data begins aligned.
  const padded = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + padded, ' ');
  header.writeBigUInt64LE(BigInt(padded));
  json.copy(header, 8);
  return header;
}

function expectedBytes({ name, dtype, shape }: Omit<NewTensor, 'data'>): number {
  const bytes = tensorBytes(dtype, shape);
  if (bytes === undefined)
    throw new RangeError(`Tensor "${name}" of shape [${shape.join(', ')}] has no whole byte size.`);
  return bytes;
}

async function tensorData(tensor: NewTensor): Promise<Uint8Array> {
  const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data;
  const bytes = expectedBytes(tensor);
  if (data.byteLength !== bytes)
    throw new RangeError(
      `Tensor "${tensor.name}" of dtype ${tensor.dtype} and shape [${tensor.shape.join(', ')}] needs ${bytes} bytes, and ${data.byteLength} came.`,
    );
  return data;
}

/** The rename itself is durable only once its folder is. Not every platform can open a folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
}
