// ESLint over the repository, then the types of the tests.
import { run } from './run.mjs';

// The layer rule reads the project graph that Nx saved last, and without one it passes everything: make a new one first.
const steps = [
  ['nx', ['graph', '--file=.nx/graph.json']],
  ['eslint', ['.', '--max-warnings=0']],
  ['tsc', ['--project', 'tsconfig.tests.json']],
];
for (const [command, args] of steps) {
  const status = await run(command, args);
  process.exitCode ||= status;
  if (command === 'nx' && status !== 0) break;
}
