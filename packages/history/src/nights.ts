import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LowbitError, reasonOf, verdicts, writeAtomic, z } from '@lowbit/core';
import type { Night } from '@lowbit/core';

/** Milliseconds in the name: `2026-11-22T21-15-03-123Z`. Names sort by time. */
const nightName = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z$/;

/** Folders of the nights of a history, the oldest first. */
export async function listNights(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'runs')).catch(() => []);
  return names
    .filter((name) => nightName.test(name))
    .sort()
    .map((name) => join(folder, 'runs', name));
}

/** Later than every night that is there, even if the clock was set back. */
export function nameNight(now: Date, last: string | undefined): string {
  const name = formatNight(now);
  if (last === undefined || name > last) return name;
  return formatNight(new Date(parseNight(last).getTime() + 1));
}

function formatNight(instant: Date): string {
  return instant.toISOString().replace(/[:.]/g, '-');
}

function parseNight(name: string): Date {
  return new Date(name.replace(/T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z$/, 'T$1:$2:$3.$4Z'));
}

// JSON has no NaN and no infinity: they are null on disk.
const figure = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const label = z.looseObject({ name: z.string(), created: z.string() });
const difference = z.looseObject({
  ...{ before: label, after: label, changes: z.array(z.looseObject({})), layers: z.array(z.looseObject({})) },
  rows: z.array(z.looseObject({ recipe: z.string(), metric: z.string(), verdict: z.enum(verdicts) })),
});
const nightShape = z.looseObject({
  ...{ formatVersion: z.literal(1), run: label, counts: z.record(z.string(), z.number()) },
  ...{ againstBaseline: difference.optional(), againstLast: difference.optional() },
  series: z.array(
    z.looseObject({
      metric: z.string(),
      points: z.array(z.looseObject({ run: label, value: figure })),
      levels: z.array(z.looseObject({ value: figure })).optional(),
    }),
  ),
});

/** A night's outcome as it was kept; undefined where there is none. Throws RUN_UNREADABLE where this version cannot read it. */
export async function readNight(folder: string): Promise<Night | undefined> {
  const path = join(folder, 'verdict.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return nightShape.parse(JSON.parse(text)) as unknown as Night;
  } catch (cause) {
    const [issue] = cause instanceof z.ZodError ? cause.issues : [];
    const reason = issue ? `${issue.path.join('.')}: ${issue.message}` : reasonOf(cause);
    throw new LowbitError(
      'RUN_UNREADABLE',
      `Expected ${path} to be the outcome of a night, but it is not (${reason}); remove it, and the night is a plain run.`,
      { cause },
    );
  }
}

const baselinesShape = z.record(z.string(), z.string().regex(nightName));

/** Nights by the name that somebody gave them. Throws RUN_UNREADABLE. */
export async function readBaselines(folder: string): Promise<Record<string, string>> {
  const path = join(folder, 'baselines.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return {};
  try {
    return baselinesShape.parse(JSON.parse(text));
  } catch (cause) {
    throw new LowbitError(
      'RUN_UNREADABLE',
      `Expected ${path} to give a night for each name of a baseline, but it does not; correct or remove it.`,
      { cause },
    );
  }
}

/** Gives a night, by default the last, the name of a baseline. Returns the night. Throws NIGHT_MISSING. */
export async function acceptNight(folder: string, baseline: string, night: string | undefined): Promise<string> {
  const names = (await listNights(folder)).map((path) => nameOf(path));
  const last = names.at(-1);
  if (last === undefined)
    throw new LowbitError('NIGHT_MISSING', `Expected a night in ${folder}, found none; run lowbit nightly first.`);
  const name = night ?? last;
  if (!names.includes(name))
    throw new LowbitError('NIGHT_MISSING', `Expected a night of ${folder}, got '${name}'; the last one is ${last}.`);
  const baselines = { ...(await readBaselines(folder)), [baseline]: name };
  await writeAtomic(join(folder, 'baselines.json'), `${JSON.stringify(baselines, undefined, 1)}\n`);
  return name;
}

export function nameOf(night: string): string {
  return night.slice(-'2026-11-22T21-15-03-123Z'.length);
}
