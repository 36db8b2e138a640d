import { appendFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { compareRun, isMeasured } from '@lowbit/core';
import type { Night } from '@lowbit/core';
import {
  acceptNight,
  History,
  judgeNight,
  labelNight,
  readBaselines,
  readPastNights,
  withMeasured,
} from '@lowbit/history';
import { exitStatus } from '../exit-status.js';
import type { Host } from '../host.js';
import { loadNightly } from '../load-nightly.js';
import { measureNight } from '../measure-night.js';
import { formatNight } from '../night-text.js';
import { writeLatest, writeNight } from '../write-night.js';
import { execute } from './run.js';

interface NightlyOptions {
  accept?: string | true;
  baseline?: string;
  wait: boolean;
  json?: boolean;
}

type Loaded = Awaited<ReturnType<typeof loadNightly>>;

/** `lowbit nightly CONFIG`: a night more in the history, its verdict on standard output, its pages in its folder. */
export async function nightly(file: string, options: NightlyOptions, host: Host): Promise<number> {
  const loaded = await loadNightly(file);
  loaded.config.baseline = options.baseline ?? loaded.config.baseline;
  const { config } = loaded;
  const history = await History.open(config.history, {
    ...{ wait: options.wait, signal: host.signal },
    onWait: (reason) => say(`${reason} This one begins as soon as it can.`),
  });
  if (history === undefined) return exitStatus.interrupted;
  try {
    if (options.accept !== undefined) {
      const night = await acceptNight(
        config.history,
        config.baseline,
        options.accept === true ? undefined : options.accept,
      );
      process.stdout.write(`The baseline '${config.baseline}' is now ${night}.\n`);
      return exitStatus.done;
    }
    const made = await makeNight(history, loaded, host);
    if (made === undefined) return exitStatus.interrupted;
    const { night, folder, failed } = made;
    const page = relative('.', join(folder, 'night.html'));
    process.stdout.write(options.json ? `${JSON.stringify(night)}\n` : `${formatNight(night)}\nNight: ${page}\n`);
    if (night.alarm) return exitStatus.regression;
    return failed > 0 ? exitStatus.someFailed : exitStatus.done;
  } finally {
    await history.close();
  }
}

async function makeNight(
  history: History,
  { config, experiment }: Loaded,
  host: Host,
): Promise<{ night: Night; folder: string; failed: number } | undefined> {
  // What cannot be read is said before hours of computing.
  await readBaselines(config.history);
  const outcome = await execute(experiment, history.store, host);
  if (outcome.interrupted) return undefined;
  const { manifest, computed, failed, artifacts } = outcome;
  const { nights: past, leftOut } = await readPastNights(await history.listNights());
  for (const { folder, reason } of leftOut) say(`Left out: ${folder} (${reason})`);
  const draft = await history.draft(manifest);
  const label = labelNight(draft.folder, manifest);
  const { signal } = host;
  const measured = await measureNight({
    ...{ config, experiment, manifest, past, label, signal, say },
    folder: history.workFolder,
  });
  if (measured === undefined) return undefined;
  const { measurements, judged } = measured;
  const clocked = new Set(manifest.tasks.filter(isMeasured).map(({ name }) => name));
  const cells = outcome.cells.map((cell) =>
    clocked.has(cell.task) ? withMeasured(cell, measurements?.figures ?? []) : cell,
  );
  for (const cell of cells) if (clocked.has(cell.task)) await history.replaceCell(draft, cell);
  const { folder } = draft;
  const night = await judgeNight({ config, folder, label, manifest, cells, computed, past, measurements, judged });
  const run = { manifest, cells, comparisons: await compareRun(folder, { manifest, cells }) };
  const summary = await writeNight(folder, night, measurements, run);
  if (signal.aborted) return undefined;
  const place = await history.publish(draft);
  await writeLatest(join(history.folder, 'latest'), place);
  await history.prune(config.keep, artifacts);
  // GitHub shows on the page of a workflow's run what stands in this file.
  const summaries = process.env['GITHUB_STEP_SUMMARY'];
  if (summaries !== undefined && summaries !== '') await appendFile(summaries, `${summary}\n`);
  return { night, folder: place, failed: failed + (measurements?.failed.length ?? 0) };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
