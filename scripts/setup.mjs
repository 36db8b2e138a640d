// Installs the npm packages when they are missing or older than the lock file. Plain Node: it runs before node_modules exists.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const OLDEST_NODE = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  console.error(
    `Lowbit needs Node ${OLDEST_NODE.join('.')} or newer, this is ${process.versions.node}: install a newer Node.`,
  );
  process.exit(1);
}

if (!isInstalled()) {
  console.error('Installing npm packages (npm ci) ...');
  const { status } = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
    // Also for an npm that no longer passes unknown .npmrc keys on to install scripts.
    env: { ONNXRUNTIME_NODE_INSTALL: 'skip', ...process.env },
  });
  if (status !== 0) process.exit(status ?? 1);
}

// npm leaves its own record of the tree in node_modules/.package-lock.json: the lock file's packages without the root.
// Contents are compared, not times, because a checkout gives every file a new time.
function isInstalled() {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  const locked = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(locked).every(
    ([where, { version, optional, link }]) =>
      where === '' ||
      link ||
      !where.startsWith('node_modules/') ||
      installed[where]?.version === version ||
      (optional && !installed[where]),
  );
}
