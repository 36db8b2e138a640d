import type { Operator, Operators, Site } from '../draft/operators.js';
import type { NewTensor } from '../model/safetensors-write.js';

/** An operator as JSON: arrays are replaced by the names of their tensors. */
export type StoredOperator = Record<string, unknown>;
export type StoredOperators = Record<string, StoredOperator[]>;

interface TensorReference {
  tensor: string;
}

type NumberArray = Float32Array | Int32Array;

const isArray = (value: unknown): value is NumberArray => value instanceof Float32Array || value instanceof Int32Array;
const isReference = (value: unknown): value is TensorReference =>
  typeof value === 'object' && value !== null && 'tensor' in value && typeof value.tensor === 'string';

/** Splits operators into JSON and tensors. An array that several sites share is stored once. */
export function storeOperators(operators: Operators): { record: StoredOperators; tensors: NewTensor[] } {
  const names = new Map<NumberArray, string>();
  const tensors: NewTensor[] = [];
  const nameOf = (array: NumberArray): string => {
    let name = names.get(array);
    if (name === undefined) {
      name = `operators.${names.size}`;
      names.set(array, name);
      const data = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      tensors.push({ name, dtype: array instanceof Int32Array ? 'I32' : 'F32', shape: [array.length], data });
    }
    return name;
  };
  const store = (value: unknown): unknown =>
    mapValues(value, (leaf) => (isArray(leaf) ? { tensor: nameOf(leaf) } : leaf));
  const record = [...operators].map(
    ([site, list]) => [site, list.map((each) => store(each) as StoredOperator)] as const,
  );
  return { record: Object.fromEntries(record), tensors };
}

/** The other way. Equal names give one array, so that blocks share what they shared. */
export async function loadOperators(
  record: StoredOperators,
  read: (tensor: string) => Promise<NumberArray>,
): Promise<Operators> {
  const arrays = new Map<string, NumberArray>();
  const names = new Set<string>();
  const visit = (value: unknown): unknown =>
    mapValues(value, (leaf) => {
      if (isReference(leaf)) names.add(leaf.tensor);
      return leaf;
    });
  visit(record);
  for (const name of names) arrays.set(name, await read(name));
  const load = (value: unknown): unknown =>
    mapValues(value, (leaf) => (isReference(leaf) ? arrays.get(leaf.tensor) : leaf));
  return new Map(
    Object.entries(record).map(([site, list]) => [site as Site, list.map((each) => load(each) as Operator)]),
  );
}

/** A copy in which every leaf, arrays of numbers and references among them, is replaced. */
function mapValues(value: unknown, replace: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => mapValues(each, replace));
  if (typeof value !== 'object' || value === null || isArray(value) || isReference(value)) return replace(value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapValues(each, replace)]));
}
