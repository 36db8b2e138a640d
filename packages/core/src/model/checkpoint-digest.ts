import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kernels } from '@lowbit/kernels';
import { fileFact } from './file-facts.js';

/**
 * sha256 over the hashes of a checkpoint's weight files (in the order of their names), config.json and, where there is
 * one, tokenizer.json: all that can change a score. Each file is hashed once and remembered.
 */
export async function digestCheckpoint(
  directory: string,
  weightFiles: readonly string[],
  kernels: Pick<Kernels, 'sha256File'>,
): Promise<string> {
  const hashOf = (file: string): Promise<string> => fileFact(file, 'sha256', () => kernels.sha256File(file));
  const hash = createHash('sha256');
  for (const file of weightFiles) hash.update(`weights ${await hashOf(file)}\n`);
  for (const name of ['config.json', 'tokenizer.json']) {
    const file = await realpath(join(directory, name)).catch(() => undefined);
    hash.update(`${name} ${file === undefined ? 'absent' : await hashOf(file)}\n`);
  }
  return hash.digest('hex');
}
