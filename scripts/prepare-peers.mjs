// The real peers (torch, transformers, llm-compressor, lm-evaluation-harness) in a Python environment of their own.
// usage: node scripts/prepare-peers.mjs          prints the path of its python; a few GB, once
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './run.mjs';

/** Installs the peers when their list changed since the last time; returns their python. */
export function preparePeers() {
  const folder = path.join(root, '.venv', 'peers');
  const python = path.join(folder, 'bin', 'python');
  const list = path.join(root, 'scripts', 'peers-requirements.txt');
  // GPTQModel pins another numpy than llm-compressor and builds with what is there.
  const apart = path.join(root, 'scripts', 'peers-no-dependencies.txt');
  const record = path.join(folder, 'installed.txt');
  const wanted = readFileSync(list, 'utf8') + readFileSync(apart, 'utf8');
  if (existsSync(record) && readFileSync(record, 'utf8') === wanted) return python;
  console.error(`Installing the peers into ${path.relative(root, folder)} (several GB, some minutes) ...`);
  start('python3', ['-m', 'venv', folder]);
  const install = ['-m', 'pip', '--disable-pip-version-check', '--quiet', 'install'];
  start(python, [...install, '-r', list]);
  start(python, [...install, '--no-deps', '--no-build-isolation', '-r', apart]);
  writeFileSync(record, wanted);
  return python;
}

function start(command, args) {
  const { status, error } = spawnSync(command, args, {
    stdio: ['ignore', process.stderr, 'inherit'],
    env: { ...process.env, BUILD_CUDA_EXT: '0' },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed (${error?.message ?? `status ${status}`}).`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(preparePeers());
