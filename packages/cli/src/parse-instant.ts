import { LowbitError } from '@lowbit/core/store';

const units = { h: 3600e3, d: 86400e3, w: 7 * 86400e3 } as const;

/**
 * `2026-11-22`, `2026-11-22T10:00`, either with a zone (UTC without), or a time before now: `12h`, `7d`, `4w`. A day as an end is the whole day.
 * Returns ISO 8601. Throws USAGE.
 */
export function parseInstant(text: string, side: 'begin' | 'end', now = Date.now()): string {
  const [, amount, unit] = /^(\d+)([hdw])$/.exec(text) ?? [];
  if (unit !== undefined) return toIso(now - Number(amount) * units[unit as keyof typeof units], text);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isTime = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/.test(text);
  const hasZone = /(Z|[+-]\d{2}:?\d{2})$/.test(text.slice(10));
  const time = isDay || isTime ? Date.parse(isDay || hasZone ? text : `${text}Z`) : Number.NaN;
  return toIso(isDay && side === 'end' ? time + units.d : time, text);
}

function toIso(time: number, text: string): string {
  if (!Number.isNaN(new Date(time).getTime())) return new Date(time).toISOString().replace('Z', '');
  throw new LowbitError(
    'USAGE',
    `Expected a day, an instant or a time before now, got '${text}'; write 2026-11-22, 2026-11-22T10:00Z or 7d.`,
  );
}
