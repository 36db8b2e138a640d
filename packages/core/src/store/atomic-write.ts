import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Ends the name of a file that is being written; one that was left over is no result. */
export const partSuffix = '.tmp';

/** Writes a file so that after a crash at any moment it is there whole, or as it was before. */
export async function writeAtomic(path: string, content: string): Promise<void> {
  const part = `${path}${partSuffix}`;
  const handle = await open(part, 'w');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, path);
  await syncFolder(dirname(path));
}

/** The rename itself must reach the disk; where folders cannot be opened (Windows) there is nothing to do. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
