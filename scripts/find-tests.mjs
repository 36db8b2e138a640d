// Which test files a tier has, and what is left out on this machine (with the reason, on standard error).
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { prepareReal } from './prepare-real.mjs';
import { root } from './run.mjs';

const FOLDERS = { unit: 'test', real: 'test-real', peers: 'test-peers' };

/** Test files of a tier, relative to the root, in a fixed order; `only` keeps those below the given files or folders. */
export function findTests(tier, only = []) {
  const folder = FOLDERS[tier];
  if (!folder) throw new Error(`Unknown tier of tests "${tier}": expected one of ${Object.keys(FOLDERS).join(', ')}.`);
  const { workspaces } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const wanted = only.map((name) => path.relative(root, path.resolve(name)));
  const files = [
    ...workspaces.map((workspace) => path.join(workspace, folder)),
    ...(tier === 'unit' ? ['examples'] : []),
  ]
    .flatMap(listTests)
    .filter((file) => wanted.length === 0 || wanted.some((name) => file === name || file.startsWith(name + path.sep)));
  return tier === 'real' ? keepPossible(files) : files;
}

function listTests(folder) {
  const absolute = path.join(root, folder);
  if (!existsSync(absolute) || !statSync(absolute).isDirectory()) return [];
  return readdirSync(absolute, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.join(folder, name))
    .sort();
}

// A real test names what it needs: its text says SmolLM2 or chromium. All of them need ../shared.
function keepPossible(files) {
  const text = new Map(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));
  const needs = (word) => files.filter((file) => text.get(file).toLowerCase().includes(word));
  const missing = prepareReal({ smollm2: needs('smollm2').length > 0, chromium: needs('chromium').length > 0 });
  const leftOut = new Set();
  for (const { need, reason } of missing) {
    const without = need === 'shared' ? files : needs(need);
    if (without.length === 0) continue;
    console.error(`Left out, ${reason}:\n${without.map((file) => `  ${file}`).join('\n')}`);
    for (const file of without) leftOut.add(file);
  }
  return files.filter((file) => !leftOut.has(file));
}
