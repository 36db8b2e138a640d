import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Night } from '@lowbit/core';
import { isCrowded } from '@lowbit/history';
import type { Measurements } from '@lowbit/history';
import { experiment, runLowbit } from '../test/run-lowbit.js';

const nights = 50;

t.test(
  `${nights} nights in which nothing changes raise no alarm, on the clock of this machine`,
  { timeout: 1_800_000 },
  async (t) => {
    const folder = t.testdir();
    const file = join(folder, 'nightly.json');
    const steady = { ...experiment, recipes: experiment.recipes.slice(0, 2), workers: 1 };
    const measure = [{ recipe: 'rtn', task: 'tinystories' }];
    await writeFile(file, JSON.stringify({ experiment: steady, measure, trials: 2, pause: 0, keep: nights }));
    for (let night = 0; night < nights; night++) {
      const { status, stdout } = await runLowbit(['nightly', file]);
      t.equal(status, 0, `night ${night}\n${status === 0 ? '' : stdout}`);
      if (night === 0) await runLowbit(['nightly', file, '--accept']);
    }
    const last = JSON.parse(await readFile(join(folder, 'history', 'latest', 'verdict.json'), 'utf8')) as Night;
    t.match(last.counts, { worse: 0, failed: 0, gone: 0, new: 0 });
    for (const { measured, metric, points } of last.series)
      if (!measured || metric === 'peakMemory') t.equal(points.length, nights, `${metric}: a point of each night`);
    for (const { measured, verdict, reason } of last.againstLast?.rows ?? [])
      if (verdict === 'incomparable')
        t.match({ measured, reason }, { measured: true, reason: /^others took|busy machine/ });
    // What there was to be alarmed of.
    const runs = join(folder, 'history', 'runs');
    const values = await Promise.all(
      (await readdir(runs)).map(async (name) => {
        const read = JSON.parse(await readFile(join(runs, name, 'measurements.json'), 'utf8')) as Measurements;
        const figure = read.figures.find(({ metric }) => metric === 'scoreSeconds');
        return {
          seconds: figure?.value ?? NaN,
          isCrowded: figure !== undefined && isCrowded(figure, 0.05),
          isDoubted: read.figures.some(({ again }) => again !== undefined),
        };
      }),
    );
    const seconds = values.map((each) => each.seconds);
    t.comment(
      `scoreSeconds from ${Math.min(...seconds).toFixed(3)} to ${Math.max(...seconds).toFixed(3)} s, ${values.filter((each) => each.isCrowded).length} nights crowded, ${values.filter((each) => each.isDoubted).length} measured once more`,
    );
  },
);
