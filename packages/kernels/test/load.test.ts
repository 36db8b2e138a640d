import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { loadKernels, setThreads } from '@lowbit/kernels';
import { createInputs } from './support/data.js';
import { loadNatives } from './support/implementations.js';

const hasNative = (await loadNatives()).length > 0;

t.test('the best that there is, or what was asked for', async (t) => {
  const best = await loadKernels();
  t.equal(best.implementation, hasNative ? 'native' : 'reference');
  const reference = await loadKernels({ implementation: 'reference' });
  t.equal(reference.implementation, 'reference');
  t.equal(reference.instructionSet, 'javascript');
});

t.test('the environment forces the reference', async (t) => {
  t.teardown(() => delete process.env['LOWBIT_KERNELS']);
  process.env['LOWBIT_KERNELS'] = 'reference';
  const kernels = await loadKernels({ implementation: 'native' });
  t.equal(kernels.implementation, 'reference');
});

t.test('what cannot be loaded is an error, never something else', async (t) => {
  await t.rejects(loadKernels({ implementation: 'native', instructionSet: 'javascript' }), {
    message: /^the native kernels cannot be loaded: /,
  });
});

t.test('the number of threads changes no bit', async (t) => {
  const kernels = await loadKernels();
  const cols = 200;
  const inputs = createInputs(600, cols, 1);
  const results: Float32Array[] = [];
  for (const threads of [1, 3]) {
    setThreads(threads);
    const moment = new Float32Array(cols * cols);
    await kernels.addSecondMoment(moment, inputs, 600, cols);
    const { factor } = await kernels.inverseFactor(moment, cols, 0.01);
    results.push(moment, factor);
  }
  t.strictSame(results[2], results[0]);
  t.strictSame(results[3], results[1]);
});

t.test('a worker that is ended in the middle of its work takes nothing with it', async (t) => {
  for (let i = 0; i < 5; i++) {
    const worker = new Worker(new URL('./fixtures/endless-kernels.mjs', import.meta.url));
    await once(worker, 'message');
    const ended = once(worker, 'exit');
    await worker.terminate();
    await ended;
  }
  const kernels = await loadKernels();
  t.equal(await kernels.firstNonFinite(Float32Array.of(1, NaN)), 1);
});
