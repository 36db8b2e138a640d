import type { ConfigReader } from '../config-reader.js';
import type { Activation, Head, Linear, LinearPart, LinearRole, Norm, TensorView } from '../decoder.js';
import type { TensorNames } from './family.js';

/** More blocks than any model has; a config must not make us build without end. */
const MAX_BLOCKS = 10_000;

export function readBlockCount(config: ConfigReader, key: string): number {
  return config.integer(key, { max: MAX_BLOCKS });
}

/** transformers' activation names. `gelu` is exact (erf); the others named gelu are one tanh formula. */
export const activations: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  relu: 'relu',
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  gelu_fast: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
};

/** The first prefix under which `probe` is stored; the first of all where none is, for the error that follows. */
export function findPrefix(tensors: TensorNames, probe: string, prefixes: readonly [string, ...string[]]): string {
  return prefixes.find((prefix) => tensors.has(prefix + probe)) ?? prefixes[0];
}

export function rmsNorm(name: string, size: number, epsilon: number): Norm {
  return { kind: 'rms', name, epsilon, weight: { tensor: `${name}.weight`, shape: [size] } };
}

export function layerNorm(name: string, size: number, epsilon: number): Norm {
  const view = (part: string): TensorView => ({ tensor: `${name}.${part}`, shape: [size] });
  return { kind: 'layer', name, epsilon, weight: view('weight'), bias: view('bias') };
}

interface LinearShape {
  rows: number;
  cols: number;
  bias: boolean;
  /** Stored `[cols, rows]`. */
  transposed?: boolean;
  /** Default: the one part that the role names. */
  parts?: LinearPart[];
}

const partOfRole: Readonly<Record<LinearRole, LinearPart[]>> = {
  q: ['query'],
  k: ['key'],
  v: ['value'],
  qkv: ['query', 'key', 'value'],
  o: ['output'],
  gate: ['gate'],
  up: ['up'],
  gateUp: ['gate', 'up'],
  down: ['output'],
  projection: ['output'],
  embedding: ['output'],
  head: ['output'],
};

export function linear(name: string, role: LinearRole, shape: LinearShape): Linear {
  const { rows, cols, bias, transposed = false, parts = partOfRole[role] } = shape;
  return {
    name,
    role,
    rows,
    cols,
    weight: transposed
      ? { tensor: `${name}.weight`, shape: [cols, rows], transposed }
      : { tensor: `${name}.weight`, shape: [rows, cols] },
    bias: bias ? { tensor: `${name}.bias`, shape: [rows] } : undefined,
    parts,
  };
}

/**
 * Token embedding and output head, `[vocabSize, width]` each. Tied ones are one tensor, which some files store under
 * the embedding's name, some under the head's (TinyStories-656K), some under both: then the embedding's counts, as in
 * transformers.
 */
export function embeddingAndHead(
  tensors: TensorNames,
  names: { embedding: string; head: string; tied: boolean },
  shape: [vocabSize: number, width: number],
): { token: TensorView; head: Head } {
  if (!names.tied)
    return {
      token: { tensor: names.embedding, shape },
      head: { weight: { tensor: names.head, shape }, tied: false },
    };
  const stored = !tensors.has(names.embedding) && tensors.has(names.head) ? names.head : names.embedding;
  return { token: { tensor: stored, shape }, head: { weight: { tensor: stored, shape }, tied: true } };
}
