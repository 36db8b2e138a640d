import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders of the nights of a history, the oldest first. */
export async function listNights(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'runs')).catch(() => []);
  return names.sort().map((name) => join(folder, 'runs', name));
}
