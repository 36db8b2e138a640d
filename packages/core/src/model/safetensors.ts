import { open, realpath } from 'node:fs/promises';
import { LowbitError } from '../errors.js';
import type { Dtype } from './dtype.js';
import { readBytes } from './read-bytes.js';
import { parseSafetensorsHeader } from './safetensors-header.js';

/** Where a tensor's bytes lie: little endian, row-major. */
export interface StoredTensor {
  name: string;
  dtype: Dtype;
  shape: number[];
  /** Real path, symlinks resolved. */
  file: string;
  /** Absolute byte offset in `file`. */
  offset: number;
  bytes: number;
}

export interface SafetensorsFile {
  /** Real path, symlinks resolved. */
  file: string;
  /** Of the whole file. */
  bytes: number;
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
}

/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Reads and checks the header of a safetensors file (8 bytes length, JSON, data); the data itself is not touched.
 * Errors: CHECKPOINT_MISSING, CHECKPOINT_HEADER (length or JSON), CHECKPOINT_TENSOR (offsets, sizes, overlap, gaps).
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsFile> {
  const file = await realpath(path).catch((error: unknown) => {
    throw new LowbitError('CHECKPOINT_MISSING', `${path} must be a safetensors file, and there is none.`, {
      cause: error,
    });
  });
  const handle = await open(file);
  try {
    const stats = await handle.stat();
    const fail = (what: string): never => {
      throw new LowbitError('CHECKPOINT_HEADER', `${path} ${what}.`);
    };
    if (!stats.isFile()) return fail('must be a safetensors file, and it is none');
    if (stats.size < 8) return fail(`must begin with 8 bytes of header length, and it has ${stats.size} bytes`);
    const stated = Buffer.from(await readBytes(handle, 0, 8, path)).readBigUInt64LE();
    const available = stats.size - 8;
    // Checked as a bigint, and before anything is allocated.
    if (stated > BigInt(available))
      return fail(
        `states a header of ${stated} bytes, and only ${available} follow: it is truncated or no safetensors file, fetch it again`,
      );
    if (stated > BigInt(MAX_HEADER_BYTES))
      return fail(`states a header of ${stated} bytes, and the format allows ${MAX_HEADER_BYTES}`);
    const headerBytes = Number(stated);
    const header = await readBytes(handle, 8, headerBytes, path);
    const start = 8 + headerBytes;
    const { tensors, metadata } = parseSafetensorsHeader(decodeUtf8(header, path), stats.size - start, path);
    const stored = tensors.map(({ name, dtype, shape, begin, end }): [string, StoredTensor] => [
      name,
      { name, dtype, shape, file, offset: start + begin, bytes: end - begin },
    ]);
    return { file, bytes: stats.size, tensors: new Map(stored), metadata };
  } finally {
    await handle.close();
  }
}

function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new LowbitError('CHECKPOINT_HEADER', `The header of ${path} must be UTF-8 text, and it is not.`, {
      cause: error,
    });
  }
}
