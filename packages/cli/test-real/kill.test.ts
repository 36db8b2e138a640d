import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { stripMeasurements } from '@lowbit/reports';
import { experiment, runLowbit } from '../test/run-lowbit.js';

const kills = 20;
const files = ['report.html', 'report.csv', 'report.md'];

/** Knuth's linear congruential generator: the moments are the same in each run of this test. */
function* seededMoments(seed: number, longest: number): Generator<number> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield Math.round((state / 2 ** 32) * longest);
  }
}

t.test(
  `killed at ${kills} random moments and started again, the report is that of an undisturbed run`,
  { timeout: 600_000 },
  async (t) => {
    const folder = t.testdir({ 'experiment.json': JSON.stringify(experiment) });
    const command = (run: string): string[] => ['run', join(folder, 'experiment.json'), '-o', join(folder, run)];
    const begin = performance.now();
    t.equal((await runLowbit(command('undisturbed'))).status, 0);
    // Moments before anything happens and after the end are rare, the middle is hit again and again.
    const moments = seededMoments(1, performance.now() - begin);
    for (let kill = 0; kill < kills; kill++) {
      const after = moments.next().value as number;
      const { status, signal, stderr } = await runLowbit(command('killed'), { signal: { name: 'SIGKILL', after } });
      t.ok(signal === 'SIGKILL' || status === 0, `killed after ${after} ms, or done before: ${stderr}`);
      // Every few kills from the start, so that each phase is met.
      if (status === 0) await rm(join(folder, 'killed'), { recursive: true });
    }
    t.equal((await runLowbit(command('killed'))).status, 0);
    for (const file of files)
      t.equal(
        await readReport(join(folder, 'killed'), file),
        await readReport(join(folder, 'undisturbed'), file),
        file,
      );
  },
);

async function readReport(run: string, file: string): Promise<string> {
  return stripMeasurements({ file: file, content: await readFile(join(run, file), 'utf8') });
}
