// Lines of code per package (sources only; blank lines and comment lines do not count) against a budget. A package that
// doubles without a new capability is a finding: raise a budget in the same change that says why.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { root } from './run.mjs';

const BUDGET = {
  'packages/kernels/src': 1600,
  'packages/kernels/native': 3000,
  'packages/core/src': 18500,
  'packages/methods/src': 1300,
  'packages/tasks/src': 2100,
  'packages/history/src': 1900,
  // Two thirds are tables: data, which the linter keeps a value a line.
  'packages/papers/src': 2100,
  'reports/src': 7300,
  'packages/cli/src': 3200,
};
const EXTENSIONS = ['.ts', '.rs', '.hbs', '.css'];
const LONGEST_FILE = 300;

let over = false;
console.log(`${'folder'.padEnd(26)}${'files'.padStart(6)}${'lines'.padStart(8)}${'budget'.padStart(8)}`);
for (const [folder, budget] of Object.entries(BUDGET)) {
  const files = listSources(path.join(root, folder));
  const lines = files.map((file) => countCode(readFileSync(file, 'utf8'))).reduce((sum, count) => sum + count, 0);
  const verdict = lines > budget ? '  over budget' : '';
  console.log(
    `${folder.padEnd(26)}${String(files.length).padStart(6)}${String(lines).padStart(8)}${String(budget).padStart(8)}${verdict}`,
  );
  for (const file of files) {
    const length = readFileSync(file, 'utf8').split('\n').length - 1;
    if (length <= LONGEST_FILE) continue;
    console.log(`  ${path.relative(root, file)} has ${length} lines, more than ${LONGEST_FILE}: is it one idea?`);
    over = true;
  }
  over ||= lines > budget;
}
process.exitCode = over ? 1 : 0;

function listSources(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => EXTENSIONS.includes(path.extname(name)) && !/(^|[\\/])(target|node_modules|dist)[\\/]/.test(name))
    .map((name) => path.join(folder, name))
    .sort();
}

// Line by line is enough here: sources have no block comment that begins or ends beside code.
function countCode(text) {
  let inComment = false;
  let count = 0;
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (inComment) {
      inComment = !line.includes('*/');
    } else if (line.startsWith('/*')) {
      inComment = !line.includes('*/');
    } else if (line !== '' && !line.startsWith('//')) {
      count++;
    }
  }
  return count;
}
