import { escapeLatex } from './escape-latex.js';
import { buildResultTables, type MetricColumn, type ResultTable } from './result-table.js';
import { describeResults, selectColumns } from './result-text.js';
import type { RunData } from './run-data.js';
import { toLatex } from './text-table.js';

/** Metric columns of one tabular: what a page of a paper holds beside the recipe and its bits. */
const widest = 8;

/**
 * A booktabs table for each model, to be read by `\input`; tasks that one does not hold go on in the next. What is measured on
 * this machine is left out, as in the Markdown report.
 */
export function renderLatex(runs: readonly RunData[]): string {
  const tables = runs.flatMap((run) =>
    buildResultTables(run).flatMap((table) => {
      const scored = selectColumns(table, ({ measured }) => !measured);
      return splitTasks(scored.columns).map((tasks) =>
        renderTable(
          run,
          selectColumns(scored, ({ task }) => tasks.includes(task)),
        ),
      );
    }),
  );
  const packages = '% Needs \\usepackage{booktabs}; tables of more than 45 recipes \\usepackage{longtable}.';
  return `${[packages, ...tables].join('\n\n')}\n`;
}

function renderTable({ manifest }: RunData, table: ResultTable): string {
  const caption = `${escapeLatex(`${manifest.title}: ${table.model.name}`)}. ${escapeLatex(describeMarks(table))}`;
  const tabular = toLatex(describeResults(table));
  // A longtable is a page's own and cannot float.
  if (tabular.startsWith('\\begin{longtable}'))
    return ['\\begingroup\\small', `\\noindent ${caption}`, tabular, '\\endgroup'].join('\n');
  return ['\\begin{table}', '\\centering\\small', `\\caption{${caption}}`, tabular, '\\end{table}'].join('\n');
}

function describeMarks({ family, columns }: ResultTable): string {
  const share = columns.some(({ unit }) => unit === 'percent') ? ' Accuracies and their kin in percent.' : '';
  const best = 'Value ± one standard error. Bold: best among the recipes of the same bits';
  const tie = family === undefined ? '.' : `; †: not told from the best (paired tests ${family}).`;
  return `${best}${tie}${share}`;
}

/** Runs of whole tasks with no more columns than fit; a task by itself may have more. */
function splitTasks(columns: readonly MetricColumn[]): string[][] {
  const parts: string[][] = [];
  let room = 0;
  for (const task of new Set(columns.map((column) => column.task))) {
    const width = columns.filter((column) => column.task === task).length;
    if (width > room || parts.length === 0) {
      parts.push([]);
      room = widest;
    }
    parts.at(-1)?.push(task);
    room -= width;
  }
  return parts;
}
