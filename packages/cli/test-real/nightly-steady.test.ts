import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Night } from '@lowbit/core';
import { isCrowded } from '@lowbit/history';
import type { Measurements } from '@lowbit/history';
import { callLowbit } from '../test/call-lowbit.js';
import { experiment } from '../test/run-lowbit.js';

const nights = 50;

t.test(
  `${nights} nights in which nothing changes raise no alarm, on the clock of this machine`,
  { timeout: 1_800_000 },
  async (t) => {
    const folder = t.testdir();
    const file = join(folder, 'nightly.json');
    const steady = { ...experiment, recipes: experiment.recipes.slice(0, 2), workers: 1 };
    const measure = [{ recipe: 'rtn', task: 'tinystories' }];
    await writeFile(file, JSON.stringify({ experiment: steady, measure, trials: 1, keep: nights }));
    // tap's loader would slow down the process that measures.
    const options = process.env['NODE_OPTIONS'];
    process.env['NODE_OPTIONS'] = '';
    t.teardown(() => (process.env['NODE_OPTIONS'] = options ?? ''));
    const statuses: number[] = [];
    const begin = performance.now();
    for (let night = 0; night < nights; night++) {
      const { status, stdout } = await callLowbit(t, ['nightly', file]);
      statuses.push(status);
      if (status !== 0) t.comment(stdout);
      if (night === 0) await callLowbit(t, ['nightly', file, '--accept']);
    }
    t.comment(`${((performance.now() - begin) / 1000).toFixed(0)} s`);
    t.same(new Set(statuses), new Set([0]), statuses.join());
    const last = JSON.parse(await readFile(join(folder, 'history', 'latest', 'verdict.json'), 'utf8')) as Night;
    t.match(last.counts, { worse: 0, failed: 0, gone: 0, new: 0 });
    for (const { measured, metric, points } of last.series)
      if (!measured || metric === 'peakMemory') t.equal(points.length, nights, `${metric}: a point of each night`);
    for (const { measured, verdict, reason } of last.againstLast?.rows ?? [])
      if (verdict === 'incomparable')
        t.match({ measured, reason }, { measured: true, reason: /^other processes took|busy machine/ });
    // What there was to be alarmed of.
    const runs = join(folder, 'history', 'runs');
    const values = await Promise.all(
      (await readdir(runs)).map(async (name) => {
        const read = JSON.parse(await readFile(join(runs, name, 'measurements.json'), 'utf8')) as Measurements;
        const figure = read.figures.find(({ metric }) => metric === 'scoreSeconds');
        return { seconds: figure?.trials[0] ?? NaN, isCrowded: figure !== undefined && isCrowded(figure, 0.2) };
      }),
    );
    const seconds = values.map((each) => each.seconds);
    t.comment(
      `scoreSeconds from ${Math.min(...seconds).toFixed(3)} to ${Math.max(...seconds).toFixed(3)} s, ${values.filter((each) => each.isCrowded).length} nights crowded`,
    );
  },
);
