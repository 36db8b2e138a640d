import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { openSubject } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';

const python = process.env['LOWBIT_PEERS_PYTHON'] ?? 'python3';
const architectures = resolve('..', 'shared', 'models', 'architectures');

/** float32 on both sides in other orders of summation; torch's losses are summed in float64 from its float32 logits. */
const meanTolerance = 5e-6;
const tokenTolerance = 1e-4;

interface Answer {
  nll: number[][];
}

async function compare(t: Test, checkpoint: string, ids: number[][]): Promise<void> {
  const options = { kernels: await loadKernels(), device: { name: 'cpu', threads: 2 }, workFolder: t.testdir() };
  const subject = await openSubject(checkpoint, options);
  const ours = await subject.scorer.scoreSequences(ids.map((each) => Int32Array.from(each)));
  await subject.release();
  const peer = await startPeer(python, 'scripts/peers/torch-worker.py', [checkpoint, '2']);
  const theirs = (await peer.ask({ ids, exact: true })) as Answer;
  peer.close();
  const means = [ours.flatMap((nll) => [...nll]), theirs.nll.flat()].map(
    (nll) => nll.reduce((sum, loss) => sum + loss, 0) / nll.length,
  );
  const difference = Math.abs((means[0] ?? NaN) - (means[1] ?? NaN));
  t.ok(difference < meanTolerance, `mean losses ${means.join(' and ')}`);
  const worst = Math.max(
    ...ours.flatMap((nll, i) => Array.from(nll, (loss, j) => Math.abs(loss - (theirs.nll[i]?.[j] ?? NaN)))),
  );
  t.ok(worst < tokenTolerance, `largest difference of a token ${worst}`);
}

for (const name of [
  'gpt2',
  'llama',
  'llama-tied-bias',
  'llama3-rope',
  'mistral-window',
  'opt',
  'opt-350m-style',
  'qwen2',
  'qwen3',
])
  t.test(`${name}: losses equal transformers, rotary frequencies in float32`, async (t) => {
    const directory = join(architectures, name);
    const { input_ids } = JSON.parse(await readFile(join(directory, 'expected.json'), 'utf8')) as {
      input_ids: number[][];
    };
    await compare(t, directory, input_ids);
  });

t.test('SmolLM2: a window of 2,048', async (t) => {
  const calibration = JSON.parse(
    await readFile(resolve('..', 'shared', 'reference', 'golden', 'calibration.json'), 'utf8'),
  ) as number[][];
  await compare(t, join(homedir(), '.cache', 'lowbit', 'models', 'SmolLM2-135M-Instruct'), [
    calibration.flat().slice(0, 2048),
  ]);
});
