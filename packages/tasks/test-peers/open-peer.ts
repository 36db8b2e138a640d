import { loadKernels, openSubject, openTokenizer } from '@lowbit/core';
import { tmpdir } from 'node:os';
import type { Test } from 'tap';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';
import { modelFolder } from '../test-real/golden.js';

/** SmolLM2 twice, ours and in the harness's worker over a data folder; both are closed with the test. */
export async function openPeer(t: Pick<Test, 'teardown'>, dataFolder: string) {
  const tokenizer = await openTokenizer(modelFolder);
  const device = { name: 'cpu', threads: 2 };
  const subject = await openSubject(modelFolder, { kernels: await loadKernels(), device, workFolder: tmpdir() });
  const python = process.env['LOWBIT_PEERS_PYTHON'] ?? 'python3';
  const peer = await startPeer(python, 'scripts/peers/lm-eval-worker.py', [modelFolder, '2', dataFolder]);
  t.teardown(async () => {
    peer.close();
    await subject.release();
  });
  return { tokenizer, subject, peer };
}
