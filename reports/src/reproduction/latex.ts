import type { Reproduction } from '@lowbit/core';
import { escapeLatex } from '../escape-latex.js';
import { expectedTitle, formatRow, summariseReproduction } from './row-text.js';

/** A booktabs table; what is within its tolerance is set upright, what is outside in bold. */
export function renderReproductionLatex(reproduction: Reproduction): string {
  const { title, source, rows, table } = reproduction;
  const lines = rows.map((row) => {
    const { method, model, measure, paper, ours, delta, tolerance, verdict } = formatRow(row);
    const own = escapeLatex(ours);
    const cells = [method, model, measure, paper].map(escapeLatex);
    const rest = [delta, tolerance === '' ? '' : `\u00b1${tolerance}`, verdict].map(escapeLatex);
    return `${[...cells, verdict === 'outside' ? `\\textbf{${own}}` : own, ...rest].join(' & ')} \\\\`;
  });
  return [
    '% \\usepackage{booktabs}',
    '\\begin{table}',
    '\\centering',
    `\\caption{${escapeLatex(`${title}. ${source}. ${summariseReproduction(reproduction)}`)}}`,
    `\\label{tab:${table.replace(/[^\w-]+/g, '-')}}`,
    '\\begin{tabular}{lllrrrrl}',
    '\\toprule',
    `Method & Model & Metric & ${expectedTitle(reproduction)} & Ours & $\\Delta$ & Tolerance & Verdict \\\\`,
    '\\midrule',
    ...lines,
    '\\bottomrule',
    '\\end{tabular}',
    '\\end{table}',
    '',
  ].join('\n');
}
