// What computes models elsewhere, for the peer tests: node-llama-cpp with its library for this machine, and llama.cpp's server.
// usage: node scripts/prepare-outside.mjs          some minutes, once
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { llamaFolder } from './peers/find-llama.mjs';
import { llamaModel, llamaServer, outsidePackages } from './peers/find-outside.mjs';
import { prepareLlama } from './prepare-llama.mjs';

const version = '3.22.1';
/** Installs and builds what is not there yet. */
export function prepareOutside() {
  if (!existsSync(path.join(outsidePackages, 'node_modules', 'node-llama-cpp'))) {
    mkdirSync(outsidePackages, { recursive: true });
    writeFileSync(path.join(outsidePackages, 'package.json'), '{"private":true}\n');
    const library = `@node-llama-cpp/${platformName()}@${version}`;
    const options = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund'];
    start('npm', ['install', ...options, `node-llama-cpp@${version}`, library], outsidePackages);
  }
  if (!existsSync(llamaModel)) prepareLlama();
  if (!existsSync(llamaServer)) {
    prepareLlama();
    const source = path.join(llamaFolder, 'llama_cpp_python-0.3.36', 'vendor', 'llama.cpp');
    const build = path.join(llamaFolder, 'build');
    // Its page for browsers would be fetched.
    start('cmake', ['-S', source, '-B', build, '-DLLAMA_USE_PREBUILT_UI=OFF', '-DLLAMA_OPENSSL=OFF']);
    start('cmake', ['--build', build, '--target', 'llama-server', '--parallel']);
  }
}

function platformName() {
  const systems = { linux: 'linux', darwin: 'mac', win32: 'win' };
  return `${systems[process.platform]}-${process.arch}${process.platform === 'darwin' && process.arch === 'arm64' ? '-metal' : ''}`;
}

function start(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', process.stderr, 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed (${error?.message ?? `status ${status}`}).`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prepareOutside();
