// Runs every benchmark (bench/*.bench.mjs of a package), one after the other: two at a time would time each other.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { root, run } from './run.mjs';

const { workspaces } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const wanted = process.argv.slice(2);
const files = workspaces
  .map((workspace) => path.join(workspace, 'bench'))
  .filter((folder) => existsSync(path.join(root, folder)))
  .flatMap((folder) => readdirSync(path.join(root, folder)).map((name) => path.join(folder, name)))
  .filter(
    (file) =>
      file.endsWith('.bench.mjs') && (wanted.length === 0 || wanted.some((word) => path.basename(file).includes(word))),
  )
  .sort();

for (const file of files) {
  console.log(`\n${file}`);
  const status = await run('node', [file]);
  if (status !== 0) process.exitCode = 1;
}
console.log(`\n${files.length} benchmarks run.`);
