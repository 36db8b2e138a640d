import { loadKernels, openDataFolder, openSubject, scoreTask } from '@lowbit/core';
import { tasks } from '@lowbit/tasks';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const folder = fileURLToPath(new URL('../../../models/stories260k', import.meta.url));
const device = { name: 'cpu', threads: 2 };
const subject = await openSubject(folder, { kernels: await loadKernels(), device, workFolder: t.testdir() });
t.teardown(() => subject.release());

const score = async (name: string, limit?: number) => {
  const task = tasks.find((each) => each.name === name);
  if (!task) throw new Error(`There is no task ${name}.`);
  const { scorer } = subject;
  return scoreTask(task, { tokenizer: await subject.tokenizer(), scorer, data: openDataFolder(folder), limit });
};

// A float64 forward in NumPy, written independently of this code: 12,571 tokens of these 40 stories after BOS, mean
// loss 1.2451 nats. The bound is its last digit.
t.test('the first 40 stories lose what the float64 reference says', async (t) => {
  const { values, samples } = await score('tinystories', 40);
  t.equal(
    samples.reduce((sum, { scores }) => sum + scores.tokens, 0),
    12571,
  );
  t.ok(Math.abs(Math.log(values[0].value) - 1.2451) < 6e-5, `${Math.log(values[0].value)}`);
});

t.test('the model tells the next sentence better than chance', async (t) => {
  const { values, counts } = await score('story_continuation');
  const acc = values.find(({ metric }) => metric === 'acc');
  t.ok((acc?.value ?? 0) > 0.25 + 2 * (acc?.stderr ?? 1), `${acc?.value} of four choices`);
  t.ok(counts.computedTokens < counts.unsharedTokens / 2, 'its choices share their context');
});
