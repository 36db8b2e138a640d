// `cargo test` of the numeric core, where there is Rust. Only `npm run check` runs it: it compiles the core once more.
import { spawnSync } from 'node:child_process';
import { run } from './run.mjs';

if (spawnSync('cargo', ['--version']).status === 0) {
  process.exitCode = await run(
    'cargo',
    [
      'test',
      '--locked',
      '--quiet',
      '--package',
      'lowbit-kernels',
      '--manifest-path',
      'packages/kernels/native/Cargo.toml',
    ],
    // Where build.mjs builds, whatever the environment says.
    { env: { CARGO_TARGET_DIR: 'packages/kernels/native/target' } },
  );
} else {
  console.log('Rust (cargo) was not found: the tests of the numeric core were left out.');
}
