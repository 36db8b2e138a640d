import t from 'tap';
import type { CellResult, Manifest, RunLabel, TaskRecord } from '@lowbit/core';
import {
  addRound,
  figuresOf,
  gatherTrials,
  judgeMeasurements,
  keyOf,
  listSuspects,
  nameMachine,
} from '@lowbit/history';
import type { Measurement, Measurements, PastNight } from '@lowbit/history';

const cell = {
  ...{ model: 'm', recipe: 'r', task: 't', rows: [], counts: { tokens: 1000, tokenSha256: 'x' } },
  seconds: { quantize: 2, load: 1, score: 0.5 },
} as unknown as CellResult;

t.test('what a cell says of time and memory', (t) => {
  const figures = figuresOf(cell, undefined, 'calibration', { quantize: 100e6, score: 200e6 }, 0);
  t.same(
    figures.map(({ task, metric, value, unit }) => [task, metric, value, unit]),
    [
      ['quantize', 'quantizeSeconds', 2, 'seconds'],
      ['quantize', 'peakMemory', 100, 'megabytes'],
      ['t', 'scoreSeconds', 0.5, 'seconds'],
      ['t', 'tokenRate', 2000, 'perSecond'],
      ['t', 'peakMemory', 200, 'megabytes'],
    ],
  );
  const float = { ...cell, seconds: { ...cell.seconds, quantize: 0 } };
  t.notOk(
    figuresOf(float, undefined, undefined, { quantize: undefined, score: 1 }, 0).some(
      ({ task }) => task === 'quantize',
    ),
  );
  const other = { ...cell, counts: { ...cell.counts, tokenSha256: 'y' } };
  const bases = [cell, other].map((each) =>
    figuresOf(each, undefined, 'c', { quantize: 1, score: 1 }, 0).map(({ basis }) => basis),
  );
  t.equal(bases[0]?.[0], bases[1]?.[0], 'making the recipe is the same work');
  t.not(bases[0]?.[2], bases[1]?.[2], 'other tokens are other work');
  t.end();
});

t.test('a measured task gives its own figures', (t) => {
  const row = { model: 'm', recipe: 'r', task: 't', metric: 'decodeRate', value: 50, protocol: 'measured/tg8' };
  const measured = { ...cell, rows: [row], seconds: { ...cell.seconds, quantize: 0 } } as unknown as CellResult;
  const task = { version: '1', metrics: [{ name: 'decodeRate', higherIsBetter: true, measured: true }] };
  const figures = figuresOf(measured, task as TaskRecord, undefined, { quantize: undefined, score: 1 }, 0);
  t.match(figures, [{ metric: 'decodeRate', value: 50, higherIsBetter: true }]);
  t.equal(figures.length, 1);
  t.end();
});

const figure = (value: number): Measurement => ({
  ...{ model: 'm', recipe: 'r', task: 't', metric: 'scoreSeconds', higherIsBetter: false, unit: 'seconds' },
  ...{ basis: 'b', value, trials: [value], crowding: 0 },
});

function past(values: number[], machine = 'here'): PastNight[] {
  return values.map((value, i) => ({
    ...{ folder: `${i}`, label: label(i), rows: [] },
    measurements: { formatVersion: 1, machine, figures: [figure(value)], failed: [] },
  }));
}

const label = (i: number): RunLabel => ({ name: `night ${i}`, created: '2026-01-01T00:00:00.000Z' });
const tonight = (value: number, again?: number[]): Measurements => ({
  ...{ formatVersion: 1, machine: 'here', failed: [] },
  figures: [{ ...figure(value), again }],
});
const rules = { tolerances: {}, crowding: 0.2 };
const values = [1, 1.02, 0.99, 1.01, 1, 0.98];

t.test('trials are gathered by name, their median counts', (t) => {
  const trial = ([value, crowding = 0]: [value: number, crowding?: number]) =>
    figuresOf(
      { ...cell, seconds: { ...cell.seconds, score: value } },
      undefined,
      '',
      { quantize: 1, score: 1e6 * value },
      crowding,
    );
  const gather = (...trials: [number, number?][]): Measurement[] => gatherTrials(trials.flatMap(trial), 0.2);
  const seconds = (figures: Measurement[]) => figures.find(({ metric }) => metric === 'scoreSeconds');
  t.match(seconds(gather([3], [1], [2])), { value: 2, trials: [3, 1, 2], crowding: 0 });
  const disturbed = gather([3], [9, 0.5], [2], [8, 0.4]);
  t.same(seconds(disturbed)?.trials, [3, 2], 'what others disturbed does not count where as many others are there');
  t.match(seconds(disturbed), { crowding: 0 });
  t.same(disturbed.find(({ task, metric }) => task === 't' && metric === 'peakMemory')?.trials, [3, 9, 2, 8]);
  t.match(seconds(gather([3], [9, 0.5], [8, 0.4])), { trials: [3, 9, 8], crowding: 0.4 });
  t.end();
});

t.test('a slow night is suspect first, and worse when it is slow again', (t) => {
  const judge = (measured: Measurements, nights = past(values)) => judgeMeasurements(measured, nights, label(9), rules);
  const first = judge(tonight(2));
  t.equal(first[0]?.verdict?.verdict, 'same');
  const suspects = listSuspects(first);
  t.match(suspects, [{ metric: 'scoreSeconds' }]);
  const keys = new Set(suspects.map(keyOf));
  const round = (trials: number[]): Measurement[] => addRound(tonight(2).figures, [{ ...figure(1), trials }], keys);
  const slow = judge({ ...tonight(2), figures: round([2.1, 1.9, 2, 2.05]) });
  t.match(slow[0], { verdict: { verdict: 'worse' }, series: { points: { length: 7 } } });
  const fast = judge({ ...tonight(2), figures: round([1, 1.02, 0.99, 1]) });
  t.equal(fast[0]?.verdict?.verdict, 'same');
  t.ok(Math.abs((fast[0]?.figure.value ?? 0) - 1) < 0.02, 'what was an outlier leaves nothing in the series');
  t.end();
});

t.test('a tenth of a second is no news, however little is computed', (t) => {
  const short = values.map((value) => value / 10);
  const judge = (value: number, metric = 'scoreSeconds', given = {}) => {
    const tonight = { ...figure(value), metric, unit: 'seconds' as const, again: [value, value, value, value] };
    const nights = past(short);
    for (const each of nights.flatMap(({ measurements }) => measurements?.figures ?? [])) each.metric = metric;
    const all = { formatVersion: 1 as const, machine: 'here', failed: [], figures: [tonight] };
    return judgeMeasurements(all, nights, label(9), { ...rules, tolerances: given })[0]?.verdict?.verdict;
  };
  t.equal(judge(0.18), 'same');
  t.equal(judge(0.3), 'worse');
  t.equal(judge(0.18, 'scoreSeconds', { scoreSeconds: 0.1 }), 'worse', 'unless somebody says so');
  t.end();
});

t.test('another machine, or other work, is another series', (t) => {
  const elsewhere = judgeMeasurements(tonight(5), past(values, 'elsewhere'), label(9), rules);
  t.match(elsewhere, [{ verdict: { verdict: 'same' }, series: { points: { length: 1 } } }]);
  const other = { ...tonight(5), figures: [{ ...figure(5), basis: 'other' }] };
  t.match(judgeMeasurements(other, past(values), label(9), rules), [{ series: { points: { length: 1 } } }]);
  t.end();
});

t.test('a machine is its processor, cores, memory, device and threads, not the release of its system', (t) => {
  const environment = { platform: 'linux 6.1 x64', processor: 'P', cores: 8, memoryBytes: 2 ** 34, device: 'cpu' };
  const name = (change: object): string => nameMachine({ ...environment, ...change } as Manifest['environment'], 8);
  t.equal(name({}), 'P, 8 cores, 16 GiB, linux x64, cpu, 8 threads');
  t.equal(name({ platform: 'linux 6.2 x64' }), name({}));
  t.not(name({ processor: 'Q' }), name({}));
  t.end();
});

t.test('a night in which other processes were in the way is not judged, and leaves nothing in the series', (t) => {
  const crowded = { ...figure(5), crowding: 0.5 };
  const judged = judgeMeasurements({ ...tonight(5), figures: [crowded] }, past(values), label(9), rules);
  t.match(judged, [{ verdict: undefined, series: { points: { length: 6 } } }]);
  t.same(listSuspects(judged), []);
  t.match(judgeMeasurements({ ...tonight(5), figures: [crowded] }, past(values), label(9), { ...rules, crowding: 1 }), [
    { verdict: { suspect: true } },
  ]);
  const nights = past(values);
  for (const each of nights[3]?.measurements?.figures ?? []) each.crowding = 0.5;
  t.match(judgeMeasurements(tonight(1), nights, label(9), rules), [{ series: { points: { length: 6 } } }]);
  const memory = { ...crowded, unit: 'megabytes' as const };
  t.match(judgeMeasurements({ ...tonight(5), figures: [memory] }, past(values), label(9), rules), [
    { verdict: { suspect: true } },
  ]);
  t.end();
});
