import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { NightSeries } from '@lowbit/core';
import { readPastNights, shortenSeries } from '@lowbit/history';

function series(count: number, points: number): NightSeries[] {
  const run = { name: 'night', created: '2026-01-01T00:00:00.000Z' };
  const levels = [
    { from: 0, to: points - 8, value: 1 },
    { from: points - 7, to: points - 1, value: 2 },
  ];
  return Array.from({ length: count }, (_, i) => ({
    ...{ model: 'm', recipe: `${i}`, task: 't', metric: 'x', higherIsBetter: true, measured: true, unit: undefined },
    ...{ points: Array.from({ length: points }, (_, value) => ({ run, value })), levels },
  }));
}

t.test('series of few figures stay whole, those of thousands keep their last nights', (t) => {
  t.same(shortenSeries(series(10, 90)), series(10, 90));
  const [short] = shortenSeries(series(4000, 90));
  t.same(
    short?.points.map(({ value }) => value),
    [80, 81, 82, 83, 84, 85, 86, 87, 88, 89],
  );
  t.same(short?.levels, [
    { from: 0, to: 2, value: 1 },
    { from: 3, to: 9, value: 2 },
  ]);
  t.end();
});

const digest = 'a'.repeat(64);
const row = { model: 'old', recipe: 'r', task: 't', metric: 'perplexity', value: 2, n: 1, higherIsBetter: false };
const cell = {
  ...{ formatVersion: 1, digest, status: 'done', rows: [row], layers: [] },
  ...{ counts: { documents: 1, tokens: 2, tokenSha256: '' }, seconds: { quantize: 0, load: 0, score: 1 } },
};

async function writeNight(folder: string, name: string, cells: object[], model = 'm'): Promise<string> {
  const night = join(folder, name);
  await mkdir(join(night, 'cells'), { recursive: true });
  const manifest = {
    ...{
      formatVersion: 1,
      name,
      title: name,
      created: name,
      notes: [],
      planDigest: '',
      models: [],
      recipes: [],
      tasks: [],
    },
    ...{ environment: {}, cells: [{ digest, model, recipe: 'r', task: 't' }] },
  };
  await writeFile(join(night, 'manifest.json'), JSON.stringify(manifest));
  for (const each of cells) await writeFile(join(night, 'cells', `${digest}.json`), JSON.stringify(each));
  return night;
}

t.test('nights are read as far as they can be; a cell that failed has no figure until it is done', async (t) => {
  const folder = t.testdir();
  const failed = { ...cell, status: 'failed', rows: [] };
  const names = [
    await writeNight(folder, '1', [failed]),
    await writeNight(folder, '2', [cell]),
    await writeNight(folder, '3', [], 'renamed'),
  ];
  await mkdir(join(folder, '4'));
  await writeFile(join(folder, '4', 'manifest.json'), '{"cells":');
  const { nights, leftOut } = await readPastNights([...names, join(folder, '4'), join(folder, '5')]);
  t.same(
    nights.map(({ rows }) => rows.map(({ model, value }) => [model, value])),
    // The third has no file of its own here: what has one digest is read once.
    [[], [['m', 2]], [['renamed', 2]]],
  );
  t.same(
    leftOut.map((each) => each.folder),
    [join(folder, '4'), join(folder, '5')],
  );
});
