import { LowbitError } from '../errors.js';
import { isDtype, tensorBytes } from './dtype.js';
import type { Dtype } from './dtype.js';
import { isJsonObject, parseJsonObject, show } from './json.js';

/** A tensor as the header describes it; `begin` and `end` count bytes from the start of the data. */
export interface HeaderTensor {
  name: string;
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  tensors: HeaderTensor[];
  metadata: Record<string, string>;
}

/**
 * Reads the JSON header of a safetensors file whose data part has `dataBytes` bytes. Nothing in it is trusted: offsets
 * lie inside the data, sizes follow from shape and dtype, and the tensors cover the data without overlap or gap, as the
 * format demands. `file` names the file in errors: CHECKPOINT_HEADER, CHECKPOINT_TENSOR.
 */
export function parseSafetensorsHeader(text: string, dataBytes: number, file: string): SafetensorsHeader {
  const { __metadata__: metadata, ...entries } = parseJsonObject(text, `The header of ${file}`, 'CHECKPOINT_HEADER');
  const tensors = Object.entries(entries).map(([name, entry]) => readEntry(name, entry, dataBytes, file));
  checkCoverage(tensors, dataBytes, file);
  return { tensors, metadata: readMetadata(metadata, file) };
}

function readEntry(name: string, entry: unknown, dataBytes: number, file: string): HeaderTensor {
  const fail = (what: string): never => {
    throw new LowbitError('CHECKPOINT_TENSOR', `Tensor "${name}" of ${file} ${what}.`);
  };
  if (!isJsonObject(entry)) return fail(`must be described by an object, and it is ${show(entry)}`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) return fail(`has the dtype ${show(dtype)}, which is none of the safetensors format`);
  if (!isCounts(shape)) return fail(`must have a shape of whole numbers, and it has ${show(shape)}`);
  if (!isCounts(offsets) || offsets.length !== 2)
    return fail(`must have two data_offsets, and it has ${show(offsets)}`);
  const [begin = 0, end = 0] = offsets;
  if (begin > end) return fail(`ends (${end}) before it begins (${begin})`);
  if (end > dataBytes)
    return fail(
      `ends at byte ${end} of the data, and the file holds only ${dataBytes}: it is truncated, fetch it again`,
    );
  const bytes = tensorBytes(dtype, shape);
  if (bytes !== end - begin)
    return fail(
      `of dtype ${dtype} and shape ${show(shape)} needs ${bytes ?? 'too many'} bytes, and it has ${end - begin}`,
    );
  return { name, dtype, shape, begin, end };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function checkCoverage(tensors: readonly HeaderTensor[], dataBytes: number, file: string): void {
  const inOrder = [...tensors].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  let before = '';
  for (const { name, begin, end } of inOrder) {
    if (begin < covered)
      throw new LowbitError(
        'CHECKPOINT_TENSOR',
        `Tensors "${before}" and "${name}" of ${file} overlap at byte ${begin}; fetch the file again.`,
      );
    if (begin > covered)
      throw new LowbitError(
        'CHECKPOINT_TENSOR',
        `Tensor "${name}" of ${file} begins at byte ${begin} of the data, and ${begin - covered} bytes before it belong to no tensor; fetch the file again.`,
      );
    covered = end;
    before = name;
  }
  if (covered < dataBytes)
    throw new LowbitError(
      'CHECKPOINT_TENSOR',
      `The last ${dataBytes - covered} of ${dataBytes} data bytes of ${file} belong to no tensor; fetch it again.`,
    );
}

function readMetadata(value: unknown, file: string): Record<string, string> {
  if (value === undefined) return {};
  const strings: Record<string, string> = {};
  if (!isJsonObject(value))
    throw new LowbitError(
      'CHECKPOINT_HEADER',
      `The __metadata__ in the header of ${file} must be an object, and it is ${show(value)}.`,
    );
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== 'string')
      throw new LowbitError(
        'CHECKPOINT_HEADER',
        `The __metadata__ in the header of ${file} must hold strings, and "${key}" is ${show(item)}.`,
      );
    strings[key] = item;
  }
  return strings;
}
