import type { FileHandle } from 'node:fs/promises';
import { LowbitError } from '../errors.js';

/** A single read takes fewer than 2^31 bytes; smaller pieces also let other work of the thread in between. */
const PIECE_BYTES = 64 * 1024 * 1024;

/** Exactly `bytes` bytes from `offset`, into memory of their own that is aligned for every element type. */
export async function readBytes(handle: FileHandle, offset: number, bytes: number, path: string): Promise<Uint8Array> {
  const target = new Uint8Array(bytes);
  let done = 0;
  while (done < bytes) {
    const { bytesRead } = await handle.read(target, done, Math.min(PIECE_BYTES, bytes - done), offset + done);
    if (bytesRead === 0)
      throw new LowbitError(
        'CHECKPOINT_TENSOR',
        `${path} ended at byte ${offset + done}, and ${bytes - done} more were expected: it changed while it was read.`,
      );
    done += bytesRead;
  }
  return target;
}
