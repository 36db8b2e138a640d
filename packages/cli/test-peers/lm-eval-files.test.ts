import { join } from 'node:path';
import { compareRun, importHarnessRun, loadKernels, readRun } from '@lowbit/core';
import t from 'tap';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';
import { model, root } from '../test/run-lowbit.js';

// Files that the installed harness writes now, of the embedded model: figures equal to the last bit, samples that give them.
const python = process.env['LOWBIT_PEERS_PYTHON'] ?? 'python3';
const data = process.env['LOWBIT_DATA'] ?? join(root, '../shared/data');
const tasks = ['piqa', 'lambada_openai', 'cb'];

await t.test('files of the installed harness', async (t) => {
  const folder = t.testdir();
  const peer = await startPeer(python, 'scripts/peers/lm-eval-worker.py', [model, '2', data]);
  t.teardown(() => peer.close());
  for (const task of tasks) {
    const output = join(folder, task);
    const { results } = (await peer.ask({ task, documents: 12, output })) as { results: Record<string, number> };
    const run = join(folder, `run-${task}`);
    await importHarnessRun({ paths: [output], folder: run, name: task, kernels: await loadKernels() });
    const found = await readRun(run);
    const rows = found.cells.flatMap((cell) => cell.rows);
    t.equal(rows.length, Object.keys(results).filter((key) => /^(?!.*_stderr).*,/.test(key)).length);
    for (const { metric, value, n } of rows) {
      t.equal(value, results[metric === 'accNorm' ? 'acc_norm,none' : `${metric},none`], `${task} ${metric}`);
      t.equal(n, 12);
    }
    const { intervals } = await compareRun(run, found);
    t.ok(intervals.some(({ metric, value }) => metric === 'acc' && value === results['acc,none']));
  }
});
