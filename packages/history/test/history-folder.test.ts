import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Manifest } from '@lowbit/core';
import { acceptNight, History, listNights, nameOf, readBaselines, readNight } from '@lowbit/history';

const digests = ['a', 'b'].map((letter) => letter.repeat(64));

/** A store with a cell for each digest. */
async function fill(history: History, wanted = digests): Promise<Manifest> {
  for (const part of ['cells', 'samples', 'artifacts']) await mkdir(join(history.store, part), { recursive: true });
  for (const digest of wanted) {
    await writeFile(join(history.store, 'cells', `${digest}.json`), '{}');
    await mkdir(join(history.store, 'artifacts', digest), { recursive: true });
  }
  await writeFile(join(history.store, 'samples', `${wanted[0]}.jsonl`), 'line\n');
  const cells = wanted.map((digest) => ({ digest, model: 'm', recipe: 'r', task: 't' }));
  const manifest = { name: 'n', created: '2026-01-01T00:00:00.000Z', cells } as unknown as Manifest;
  await writeFile(join(history.store, 'manifest.json'), JSON.stringify(manifest));
  return manifest;
}

async function open(folder: string): Promise<History> {
  return (await History.open(folder, { wait: false })) as History;
}

t.test('a night appears whole, and its files are those of the store', async (t) => {
  const folder = t.testdir();
  const history = await open(folder);
  const draft = await history.draft(await fill(history));
  t.same(await listNights(folder), [], 'a draft is no night');
  const night = await history.publish(draft);
  t.same(await listNights(folder), [night]);
  t.same((await readdir(night)).sort(), ['cells', 'manifest.json', 'samples']);
  t.same(await readdir(join(night, 'samples')), [`${digests[0]}.jsonl`]);
  const file = join('cells', `${digests[0]}.json`);
  t.equal((await stat(join(night, file))).ino, (await stat(join(history.store, file))).ino);
  await history.close();
  t.same((await readdir(folder)).sort(), ['runs', 'store']);
});

t.test('names sort by time, also when the clock was set back or two nights fall on one millisecond', async (t) => {
  const folder = t.testdir();
  const history = await open(folder);
  const manifest = await fill(history);
  const names: string[] = [];
  for (const instant of ['2026-03-01T10:00:00.999Z', '2026-03-01T10:00:00.999Z', '2025-01-01T00:00:00.000Z']) {
    const draft = await history.draft(manifest, new Date(instant));
    await history.publish(draft);
    names.push(draft.name);
  }
  t.same(names, ['2026-03-01T10-00-00-999Z', '2026-03-01T10-00-01-000Z', '2026-03-01T10-00-01-001Z']);
  t.same((await listNights(folder)).map(nameOf), names);
  await history.close();
});

t.test('old nights go, baselines stay, and the store keeps what a night still has', async (t) => {
  const folder = t.testdir();
  const history = await open(folder);
  const [first = '', second = ''] = digests;
  const publish = async (wanted: string[]): Promise<string> =>
    nameOf(await history.publish(await history.draft(await fill(history, wanted))));
  const names = [await publish([first]), await publish([first]), await publish([second]), await publish([second])];
  await acceptNight(folder, 'main', names[0]);
  t.same(await history.prune(2, [second]), [names[1]]);
  t.same((await listNights(folder)).map(nameOf), [names[0], names[2], names[3]]);
  t.same(
    (await readdir(join(history.store, 'cells'))).sort(),
    digests.map((digest) => `${digest}.json`),
  );
  t.same(await readdir(join(history.store, 'artifacts')), [second]);
  await acceptNight(folder, 'main', undefined);
  await history.prune(2, [second]);
  t.same(await readdir(join(history.store, 'cells')), [`${second}.json`]);
  await history.close();
});

t.test('baselines', async (t) => {
  const folder = t.testdir();
  await t.rejects(acceptNight(folder, 'main', undefined), { code: 'NIGHT_MISSING', message: /found none/ });
  const history = await open(folder);
  const { name } = await history.draft(await fill(history));
  await history.publish({ name, folder: join(history.workFolder, name) });
  await t.rejects(acceptNight(folder, 'main', 'yesterday'), { code: 'NIGHT_MISSING', message: new RegExp(name) });
  t.equal(await acceptNight(folder, 'main', undefined), name);
  t.equal(await acceptNight(folder, 'release', name), name);
  t.same(await readBaselines(folder), { main: name, release: name });
  await writeFile(join(folder, 'baselines.json'), '{"main": 1}');
  await t.rejects(readBaselines(folder), { code: 'RUN_UNREADABLE', message: /baselines\.json/ });
  await history.close();
});

t.test('the lock: of a living process, of one that is gone, and what that left half done', async (t) => {
  const folder = t.testdir({ work: { '2026-01-01T00-00-00-000Z': { half: '' } } });
  const stale = { pid: 2 ** 22 + 1, host: hostname(), started: '1' };
  await writeFile(join(folder, 'nightly.lock'), JSON.stringify(stale));
  const history = await open(folder);
  t.same(await readdir(history.workFolder), []);
  const told: string[] = [];
  const signal = AbortSignal.timeout(1500);
  t.equal(await History.open(folder, { wait: true, signal, onWait: (reason) => told.push(reason) }), undefined);
  t.equal(told.length, 1);
  t.match(told[0], new RegExp(`process ${process.pid}`));
  const waiting = History.open(folder, { wait: true });
  await history.close();
  const next = await waiting;
  t.ok(next);
  t.equal(JSON.parse(await readFile(join(folder, 'nightly.lock'), 'utf8')).pid, process.pid);
  await next?.close();
});

t.test('a verdict that is not there is none; one that cannot be read is said', async (t) => {
  const folder = t.testdir({ 'verdict.json': '{"formatVersion": 2}' });
  t.equal(await readNight(join(folder, 'absent')), undefined);
  await t.rejects(readNight(folder), { code: 'RUN_UNREADABLE', message: /verdict\.json .*\(formatVersion: / });
  await writeFile(join(folder, 'verdict.json'), '{"formatVersion": 1,');
  await t.rejects(readNight(folder), { code: 'RUN_UNREADABLE', message: /JSON/ });
});

t.test('a figure that was not finite comes back as NaN', async (t) => {
  const run = { name: 'n', created: '2026-01-01T00:00:00.000Z' };
  const points = [
    { run, value: Number.POSITIVE_INFINITY },
    { run, value: 1 },
  ];
  const series = [{ metric: 'perplexity', points, levels: [{ from: 0, to: 0, value: Number.NaN }] }];
  const folder = t.testdir({ 'verdict.json': JSON.stringify({ formatVersion: 1, run, counts: { same: 1 }, series }) });
  const night = await readNight(folder);
  t.same(
    night?.series[0]?.points.map(({ value }) => value),
    [Number.NaN, 1],
  );
  t.same(night?.series[0]?.levels?.[0], { from: 0, to: 0, value: Number.NaN });
});
