// Runs the demo experiment on the embedded model and leaves its report in runs/demo.
import { run } from './run.mjs';

process.exitCode = await run('node', [
  'packages/cli/dist/main.js',
  'run',
  'examples/demo/experiment.json',
  '-o',
  'runs/demo',
]);
