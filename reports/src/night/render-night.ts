import type { Night } from '@lowbit/core';
import type { ReportFile } from '../run-data.js';
import { renderNightHtml } from './html.js';

export type NightFormat = 'html' | 'json';

/** Renders a night into `night.html` and `night.json`. The same data gives the same bytes. */
export async function renderNight(night: Night, formats: readonly NightFormat[]): Promise<ReportFile[]> {
  const renderers: Record<NightFormat, () => Promise<ReportFile>> = {
    html: async () => ({ file: 'night.html', content: await renderNightHtml(night) }),
    json: async () => ({ file: 'night.json', content: `${JSON.stringify(night, undefined, 1)}\n` }),
  };
  return Promise.all(formats.map((format) => renderers[format]()));
}
