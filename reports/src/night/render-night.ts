import type { Night } from '@lowbit/core';
import type { ReportFile } from '../run-data.js';
import { renderNightHtml } from './html.js';
import { renderJunit } from './junit.js';
import { renderSummary } from './summary.js';

export type NightFormat = 'html' | 'json' | 'md' | 'junit';

/** Renders a night into `night.html`, `night.json`, `summary.md` and `junit.xml`. The same data gives the same bytes. */
export async function renderNight(night: Night, formats: readonly NightFormat[]): Promise<ReportFile[]> {
  const renderers: Record<NightFormat, () => ReportFile | Promise<ReportFile>> = {
    html: async () => ({ file: 'night.html', content: await renderNightHtml(night) }),
    json: () => ({ file: 'night.json', content: `${JSON.stringify(night, undefined, 1)}\n` }),
    md: () => ({ file: 'summary.md', content: renderSummary(night) }),
    junit: () => ({ file: 'junit.xml', content: renderJunit(night) }),
  };
  return Promise.all(formats.map((format) => renderers[format]()));
}
