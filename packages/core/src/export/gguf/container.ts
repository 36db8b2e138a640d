import { open } from 'node:fs/promises';

/** Codes of ggml's tensor types. */
export const ggmlTypes = { F32: 0, F16: 1, Q4_0: 2, Q4_1: 3, Q8_0: 8, BF16: 30 } as const;
export type GgmlType = keyof typeof ggmlTypes;

/** Elements and bytes of a block: Q4_0 is an fp16 scale and 16 bytes of codes for 32 weights. */
const blocks: Record<GgmlType, [elements: number, bytes: number]> = {
  F32: [1, 4],
  F16: [1, 2],
  BF16: [1, 2],
  Q4_0: [32, 18],
  Q4_1: [32, 20],
  Q8_0: [32, 34],
};

/** A metadata value with its type, which readers check. */
export type GgufValue =
  | { type: 'uint32' | 'int32' | 'float32'; value: number }
  | { type: 'bool'; value: boolean }
  | { type: 'string'; value: string }
  | { type: 'strings'; value: readonly string[] }
  | { type: 'int32s'; value: readonly number[] };

export interface GgufTensor {
  name: string;
  type: GgmlType;
  /** Rows first, as everywhere here; the file has them the other way round. */
  shape: readonly number[];
  data: () => Promise<Uint8Array>;
}

const valueTypes = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
const alignment = 32;

/** Writes GGUF version 3, little endian: header, metadata, tensor table, tensors at multiples of 32 bytes. */
export async function writeGguf(
  path: string,
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Promise<void> {
  const parts: Uint8Array[] = [];
  const keys = Object.entries(metadata);
  parts.push(Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(keys.length));
  for (const [key, value] of keys) parts.push(text(key), ...encodeValue(value));
  let offset = 0;
  for (const { name, type, shape } of tensors) {
    const dims = [...shape].reverse();
    parts.push(text(name), uint32(dims.length), ...dims.map(uint64), uint32(ggmlTypes[type]), uint64(offset));
    offset = align(offset + byteLength(type, shape));
  }
  const head = Buffer.concat(parts);
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(pad(head));
    for (const { name, type, shape, data } of tensors) {
      const bytes = await data();
      const expected = byteLength(type, shape);
      if (bytes.length !== expected)
        throw new RangeError(
          `Tensor "${name}" of type ${type} and shape [${shape.join(', ')}] needs ${expected} bytes, and ${bytes.length} came.`,
        );
      await handle.writeFile(pad(bytes));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function byteLength(type: GgmlType, shape: readonly number[]): number {
  const [elements, bytes] = blocks[type];
  return (shape.reduce((product, size) => product * size, 1) / elements) * bytes;
}

function encodeValue(entry: GgufValue): Uint8Array[] {
  switch (entry.type) {
    case 'strings':
      return [...arrayHead('string', entry.value.length), ...entry.value.map(text)];
    case 'int32s':
      return [...arrayHead('int32', entry.value.length), new Uint8Array(Int32Array.from(entry.value).buffer)];
    case 'string':
      return [uint32(valueTypes.string), text(entry.value)];
    case 'bool':
      return [uint32(valueTypes.bool), Uint8Array.of(entry.value ? 1 : 0)];
    case 'float32':
      return [uint32(valueTypes.float32), new Uint8Array(Float32Array.of(entry.value).buffer)];
    default:
      return [uint32(valueTypes[entry.type]), uint32(entry.value)];
  }
}

function arrayHead(type: keyof typeof valueTypes, length: number): Uint8Array[] {
  return [uint32(valueTypes.array), uint32(valueTypes[type]), uint64(length)];
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function uint64(value: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}

function align(size: number): number {
  return Math.ceil(size / alignment) * alignment;
}

function pad(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array(align(bytes.length) - bytes.length)]);
}
