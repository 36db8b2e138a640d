// A Python peer that answers one JSON line with one JSON line, so that it is loaded once and can take turns with ours.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export async function startPeer(python, script, args) {
  const child = spawn(python, [script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  // Read to the end: a full pipe would stop it, and progress bars fill one.
  let last = '';
  child.stderr.on('data', (text) => (last = `${last}${text}`.slice(-2000)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${script} ended without an answer: ${last}`);
    return JSON.parse(value);
  };
  await next();
  return {
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return next();
    },
    close: () => child.stdin.end(),
  };
}
