import type { Reproduction } from '@lowbit/core';
import { escapeMarkdown } from '../escape-markdown.js';
import { formatBytes } from '../format-number.js';
import { expectedTitle, formatRow, summariseReproduction } from './row-text.js';

export function renderReproductionMarkdown(reproduction: Reproduction): string {
  const { title, source, notes, rows, missing } = reproduction;
  const head = ['Method', 'Model', 'Metric', expectedTitle(reproduction), 'Ours', 'Δ', 'Tolerance', 'Verdict'];
  const lines = rows.map((row) => {
    const { method, model, measure, paper, ours, delta, tolerance, verdict, reason } = formatRow(row);
    const word = verdict === 'outside' ? `**${verdict}**` : verdict;
    const why = reason === '' ? '' : `: ${escapeMarkdown(reason)}`;
    const figures = [paper, ours, delta, tolerance === '' ? '' : `± ${tolerance}`];
    return `| ${[...[method, model, measure].map(escapeMarkdown), ...figures, word + why].join(' | ')} |`;
  });
  const own = [...new Set(rows.flatMap((row) => row.notes))];
  const parts = [
    `# ${escapeMarkdown(title)}`,
    escapeMarkdown(summariseReproduction(reproduction)),
    `Source: ${escapeMarkdown(source)}.`,
    notes.map((note) => `- ${escapeMarkdown(note)}`).join('\n'),
    [`| ${head.join(' | ')} |`, '| --- | --- | --- | ---: | ---: | ---: | ---: | --- |', ...lines].join('\n'),
    own.length === 0 ? '' : ['## Known differences', '', ...own.map((note) => `- ${escapeMarkdown(note)}`)].join('\n'),
    missing.length === 0
      ? ''
      : [
          '## What is missing',
          '',
          ...missing.map(({ name, bytes, cure }) =>
            escapeMarkdown(`${name}${bytes === undefined ? '' : ` (${formatBytes(bytes)})`}: ${cure}`),
          ),
        ]
          .map((line, index) => (index < 2 ? line : `- ${line}`))
          .join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
