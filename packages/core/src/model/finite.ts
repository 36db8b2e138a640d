import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Kernels } from '@lowbit/kernels';
import { LowbitError } from '../errors.js';
import type { Checkpoint, FloatTensor } from './checkpoint.js';
import { dtypeBits } from './dtype.js';
import { fileFact } from './file-facts.js';
import { readBytes } from './read-bytes.js';
import { widen } from './widen.js';

type FiniteKernels = Pick<Kernels, 'widen' | 'firstNonFinite'>;

/** A large embedding has gigabytes; this much of it is in memory at a time. */
const PIECE_BYTES = 64 * 1024 * 1024;

/**
 * Reads every tensor that the decoder uses and throws CHECKPOINT_VALUE, with tensor and index, at the first value that
 * is infinite or not a number: one of them makes all losses NaN hours later. A file that passed is remembered
 * (`file-facts.ts`) and not read again.
 */
export async function checkFinite(
  checkpoint: Pick<Checkpoint, 'files' | 'tensors'>,
  kernels: FiniteKernels,
): Promise<void> {
  for (const file of checkpoint.files) {
    const tensors = [...checkpoint.tensors.values()].filter((tensor) => tensor.file === file);
    // Which tensors count depends on the config, so they are part of the fact.
    const which = createHash('sha256').update(JSON.stringify(tensors.map(({ name }) => name)));
    await fileFact(file, `finite ${which.digest('hex')}`, async () => {
      await checkFile(file, tensors, kernels);
      return 'yes';
    });
  }
}

async function checkFile(file: string, tensors: readonly FloatTensor[], kernels: FiniteKernels): Promise<void> {
  const handle = await open(file);
  try {
    for (const { name, dtype, offset, bytes } of tensors) {
      for (let done = 0; done < bytes; done += PIECE_BYTES) {
        const piece = await readBytes(handle, offset + done, Math.min(PIECE_BYTES, bytes - done), file);
        const index = await kernels.firstNonFinite(await widen(piece, dtype, kernels));
        if (index < 0) continue;
        throw new LowbitError(
          'CHECKPOINT_VALUE',
          `Every weight must be finite, and tensor "${name}" in ${file} has an infinity or NaN at index ${(done * 8) / dtypeBits[dtype] + index}; fetch the file again, or leave this checkpoint.`,
        );
      }
    }
  } finally {
    await handle.close();
  }
}
