import { access } from 'node:fs/promises';
import { resolve } from 'node:path';

/** The folder with the tasks' files: as given, else ./data, else LOWBIT_DATA. */
export async function findData(given: string | undefined): Promise<string> {
  if (given !== undefined) return resolve(given);
  const here = resolve('data');
  const isHere = await access(here).then(
    () => true,
    () => false,
  );
  const named = process.env['LOWBIT_DATA'];
  return isHere || named === undefined || named === '' ? here : resolve(named);
}
