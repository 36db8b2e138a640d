import { open } from 'node:fs/promises';
import { readBytes } from '../model/read-bytes.js';
import type { StoredTensor } from '../model/safetensors.js';

/** A tensor's bytes as they lie in its file. */
export async function readTensorBytes({ file, offset, bytes }: StoredTensor): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    return await readBytes(handle, offset, bytes, file);
  } finally {
    await handle.close();
  }
}
