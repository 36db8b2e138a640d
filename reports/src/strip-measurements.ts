import type { ReportFile } from './run-data.js';

/**
 * A report without what differs between two executions of the same plan: `created`, the section of times, the seconds of the
 * CSV, and the figures of measured metrics. Two executions agree when the rest agrees byte for byte.
 */
export function stripMeasurements({ file, content }: ReportFile): string {
  if (file.endsWith('.html'))
    return content
      .replace(/<time>[^<]*<\/time>/g, '')
      .replace(/<td[^>]* data-measured[\s\S]*?<\/td>/g, '')
      .replace(/<section [^>]*class="times">[\s\S]*?<\/section>/g, '');
  if (file.endsWith('.md')) return content.replace(/^Run .*, created .*\.$/gm, '').replace(/^Measured, .*$/gm, '');
  // The seconds are the last columns and plain numbers, so the end of a line can be cut without parsing it.
  const compared = content.replace(/^.*,measured\/.*\n/gm, '');
  return compared.replace(/(?:,(?:seconds\w*|[\d.e+-]*)){5}$/gm, '');
}
