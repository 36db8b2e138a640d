import type { RowCost } from '@lowbit/core';
import { formatBytes, formatCount } from '../format-number.js';

/** An estimate in words a reader can hold against his machine: two digits are all that it is good for. */
export function formatCost({
  tokens,
  memoryBytes,
  diskBytes,
  downloadBytes,
  hours,
}: RowCost): Record<keyof CostText, string> {
  return {
    tokens: formatCount(tokens),
    memory: formatBytes(memoryBytes),
    disk: diskBytes === 0 ? '–' : formatBytes(diskBytes),
    download: downloadBytes === 0 ? '–' : formatBytes(downloadBytes),
    hours: formatHours(hours),
  };
}

interface CostText {
  tokens: string;
  memory: string;
  disk: string;
  download: string;
  hours: string;
}

/** `< 0.01`, `0.031`, `2.4`, `310`. */
export function formatHours(hours: number): string {
  if (hours < 0.01) return '< 0.01';
  return hours >= 100 ? formatCount(Math.round(hours)) : String(Number(hours.toPrecision(2)));
}
