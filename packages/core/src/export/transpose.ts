/** `[rows, cols]` to `[cols, rows]`, for any element type. */
export function transposeArray<T extends Uint8Array | Uint16Array | Int32Array | Uint32Array | Float32Array>(
  values: T,
  rows: number,
  cols: number,
): T {
  const result = values.slice() as T;
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) result[col * rows + row] = values[row * cols + col] as number;
  return result;
}

/** Bytes as little-endian words of 16 or 32 bits; copied, so that alignment does not matter. */
export function words16(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(bytes.slice().buffer);
}

export function words32(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer);
}

export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
