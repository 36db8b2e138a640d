// The python that has the peers: LOWBIT_PEERS_PYTHON, or the environment that `npm run test:peers` installs; else undefined.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function findPeersPython() {
  const installed = fileURLToPath(new URL('../../.venv/peers/bin/python', import.meta.url));
  return process.env.LOWBIT_PEERS_PYTHON ?? (existsSync(installed) ? installed : undefined);
}
