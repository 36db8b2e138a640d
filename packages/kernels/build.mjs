// Builds the native kernels and puts them beside the compiled TypeScript. Cargo skips what has not changed.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const target = path('./dist/native/lowbit-kernels.node');

const LIBRARIES = {
  darwin: 'liblowbit_kernels_binding.dylib',
  win32: 'lowbit_kernels_binding.dll',
};
const library = path(`./native/target/release/${LIBRARIES[process.platform] ?? 'liblowbit_kernels_binding.so'}`);

/** A binary that no longer fits its sources must not be loaded. */
function fail(message, code) {
  rmSync(target, { force: true });
  console.log(message);
  process.exit(code);
}

if (spawnSync('cargo', ['--version']).status !== 0) {
  fail('Kernels: Rust (cargo) was not found, so the slower TypeScript reference kernels will be used.', 0);
}

const build = spawnSync(
  'cargo',
  ['build', '--release', '--locked', '--quiet', '--manifest-path', path('./native/Cargo.toml')],
  { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, CARGO_TARGET_DIR: path('./native/target') } },
);
if (build.status !== 0) fail('Kernels: the native build failed; see the messages of cargo above.', 1);

const isCurrent = existsSync(target) && statSync(target).mtimeMs >= statSync(library).mtimeMs;
if (isCurrent) {
  console.log('Kernels: the native kernels are up to date.');
} else {
  mkdirSync(path('./dist/native'), { recursive: true });
  // Renamed into place: a running process keeps the file that it has mapped.
  copyFileSync(library, `${target}.new`);
  renameSync(`${target}.new`, target);
  console.log('Kernels: the native kernels were built.');
}
