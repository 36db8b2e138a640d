import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a checkpoint lies, or why it cannot be used; one that is absent can be had by downloading it. */
export type Location = { path: string } | { reason: string; isAbsent?: boolean };

/**
 * A hub id below one of the folders: as `org/name`, as `name`, or as the hub's cache keeps it
 * (`models--org--name/snapshots/<commit>`, the commit of `refs/main` where it is there). A folder counts that has a
 * config.json; of one without safetensors the reason is kept for when no later one has any.
 */
export async function locateModel(id: string, roots: readonly string[]): Promise<Location> {
  let reason: string | undefined;
  for (const root of roots)
    for (const path of [join(root, id), join(root, id.split('/').at(-1) ?? id), ...(await listSnapshots(root, id))]) {
      if (!(await exists(join(path, 'config.json')))) continue;
      if ((await readdir(path)).some((name) => name.endsWith('.safetensors'))) return { path };
      reason = "the model has no safetensors; save it again by transformers' save_pretrained";
    }
  return reason === undefined ? { reason: 'the model is not there', isAbsent: true } : { reason };
}

async function listSnapshots(root: string, id: string): Promise<string[]> {
  const folder = join(root, `models--${id.replaceAll('/', '--')}`);
  const named = await readFile(join(folder, 'refs', 'main'), 'utf8').catch(() => undefined);
  const snapshots = join(folder, 'snapshots');
  const commits = named === undefined ? await readdir(snapshots).catch(() => []) : [named.trim()];
  return commits.map((commit) => join(snapshots, commit));
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
