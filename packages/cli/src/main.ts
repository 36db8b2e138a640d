#!/usr/bin/env node
import { fileURLToPath } from 'node:url';

/** Commands that compute: they run in a process of their own under supervision. */
const supervised = ['run', 'eval', 'quantize', 'score', 'reproduce', 'nightly'];

async function main(argv: readonly string[]): Promise<number> {
  const [command = ''] = argv;
  const isHost = process.env['LOWBIT_HOST'] !== undefined;
  const wantsHelp = argv.includes('--help') || argv.includes('-h');
  if (supervised.includes(command) && !isHost && !wantsHelp) {
    const { supervise } = await import('./supervise.js');
    return supervise(fileURLToPath(import.meta.url), argv);
  }
  if (!isHost) return (await import('./program.js')).runProgram(argv, undefined);
  // First of all, so that no moment passes in which a lost supervisor would go unnoticed.
  const { connectHost, endHost } = await import('./host.js');
  const host = connectHost();
  const { runProgram } = await import('./program.js');
  const status = await runProgram(argv, await host);
  endHost(status, status !== 0 && status !== 3);
  return status;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  (await import('./show-error.js')).showError(error);
  process.exitCode = 2;
}
