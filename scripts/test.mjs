// usage: node scripts/test.mjs unit|real|peers [--coverage] [PACKAGE_FOLDER | TEST_FILE ...]
// Runs one tier of tests of all packages in one tap run and ends with the line "N passed, N failed" (assertions).
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findTests } from './find-tests.mjs';
import { preparePeers } from './prepare-peers.mjs';
import { root, run } from './run.mjs';

const [tier, ...rest] = process.argv.slice(2);
const coverage = rest.includes('--coverage');
const files = findTests(
  tier,
  rest.filter((word) => !word.startsWith('--')),
);

if (files.length === 0) {
  console.log('0 passed, 0 failed');
} else {
  const tapFile = path.join(root, '.tap', `${tier}-${process.pid}.tap`);
  mkdirSync(path.dirname(tapFile), { recursive: true });
  const reporter = process.env.TAP_REPORTER ?? (process.stdout.isTTY && !process.env.CI ? 'base' : 'min');
  const status = await run(
    'tap',
    [
      `--reporter=${reporter}`,
      `--output-file=${tapFile}`,
      ...(coverage ? [] : ['--disable-coverage']),
      ...(tier === 'unit' ? [] : [tier === 'peers' ? '--timeout=5400' : '--timeout=1800', '--jobs=1']),
      ...files,
    ],
    {
      env: {
        ...(tier === 'peers' ? { LOWBIT_PEERS_PYTHON: preparePeers() } : {}),
        NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${pathToFileURL(`${root}/scripts/strip-types.mjs`)}`,
      },
    },
  );
  const tap = readFileSync(tapFile, 'utf8');
  if (reporter === 'min') listFiles(tap);
  const { passed, failed } = readTotals(tap);
  rmSync(tapFile, { force: true });
  // A run that broke down outside any assertion still counts as one failure.
  const failures = failed || (status === 0 ? 0 : 1);
  console.log(`${passed} passed, ${failures} failed`);
  process.exitCode = failures === 0 ? 0 : 1;
}

// tap closes its output with "# { total: 42, pass: 41, fail: 1 }"; absent counts are zero.
function readTotals(tap) {
  const totals = [...tap.matchAll(/^# \{ (total: .*) \}$/gm)].at(-1)?.[1] ?? '';
  const count = (key) => Number(new RegExp(`\\b${key}: (\\d+)`).exec(totals)?.[1] ?? 0);
  return { passed: count('pass'), failed: count('fail') };
}

// The reporter for logs prints failures only; this says what ran and how long each file took.
function listFiles(tap) {
  for (const [, not, file, ms] of tap.matchAll(/^(not )?ok \d+ - (\S+\.test\.ts) # time=([\d.]+)ms/gm)) {
    console.log(`${not ? 'FAIL' : 'ok  '} ${file} ${(Number(ms) / 1000).toFixed(1)} s`);
  }
}
