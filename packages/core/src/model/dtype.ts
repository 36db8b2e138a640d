/** Bits of one element of each dtype that the safetensors format names. */
export const dtypeBits = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type Dtype = keyof typeof dtypeBits;

/** What a float checkpoint's weights may be stored as; all three widen to float32 exactly. */
export const floatDtypes = ['F32', 'F16', 'BF16'] as const;

export type FloatDtype = (typeof floatDtypes)[number];

export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && Object.hasOwn(dtypeBits, name);
}

export function isFloatDtype(dtype: Dtype): dtype is FloatDtype {
  return floatDtypes.some((float) => float === dtype);
}

/** Bytes of a tensor; undefined where that is no whole number that a file offset can hold. */
export function tensorBytes(dtype: Dtype, shape: readonly number[]): number | undefined {
  const bits = shape.reduce((product, size) => product * size, dtypeBits[dtype]);
  return Number.isSafeInteger(bits) && bits % 8 === 0 ? bits / 8 : undefined;
}
