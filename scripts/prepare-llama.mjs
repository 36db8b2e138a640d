// llama.cpp's perplexity tool, built from the source package of llama-cpp-python, and SmolLM2 as GGUF in float32.
// usage: node scripts/prepare-llama.mjs          needs a C++ compiler and cmake; some minutes, once
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { llamaFolder } from './peers/find-llama.mjs';
import { preparePeers } from './prepare-peers.mjs';

const version = '0.3.36';
const checkpoint = process.env.LOWBIT_SMOLLM2 ?? path.join(homedir(), '.cache/lowbit/models/SmolLM2-135M-Instruct');

/** Builds what is not there yet. */
export function prepareLlama() {
  const python = preparePeers();
  const source = path.join(llamaFolder, `llama_cpp_python-${version}`, 'vendor', 'llama.cpp');
  const build = path.join(llamaFolder, 'build');
  const model = path.join(llamaFolder, 'SmolLM2-135M-Instruct-f32.gguf');
  mkdirSync(llamaFolder, { recursive: true });
  if (!existsSync(source)) {
    const wanted = `llama-cpp-python==${version}`;
    start(python, ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', ':all:', '-d', llamaFolder, wanted]);
    const archive = readdirSync(llamaFolder).find((name) => name.endsWith('.tar.gz'));
    start('tar', ['xzf', path.join(llamaFolder, archive), '-C', llamaFolder]);
  }
  const options = ['-DCMAKE_BUILD_TYPE=Release', '-DLLAMA_CURL=OFF', '-DLLAMA_BUILD_TESTS=OFF'];
  start('cmake', ['-S', source, '-B', build, ...options]);
  start('cmake', ['--build', build, '--target', 'llama-perplexity', '--parallel']);
  if (!existsSync(model)) {
    start(python, [
      path.join(source, 'convert_hf_to_gguf.py'),
      checkpoint,
      '--outtype',
      'f32',
      '--outfile',
      `${model}.new`,
    ]);
    renameSync(`${model}.new`, model);
  }
}

function start(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', process.stderr, 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed (${error?.message ?? `status ${status}`}).`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prepareLlama();
