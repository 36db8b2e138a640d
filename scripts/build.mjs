// Compiles all packages in one tsc process (a process per package, as `nx run-many --targets=build` has, takes three times
// as long on a fresh clone) while cargo builds the native kernels. Both redo only what changed.
import { run } from './run.mjs';

const statuses = await Promise.all([run('tsc', ['--build']), run('node', ['packages/kernels/build.mjs'])]);
process.exitCode = statuses.find((status) => status !== 0) ?? 0;
