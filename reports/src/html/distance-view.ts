import type { CellResult } from '@lowbit/core';
import { formatCount, formatSignificant } from '../format-number.js';
import { drawKl, type KlPlot } from '../kl-plot.js';
import type { ResultTable } from '../result-table.js';
import { slugify } from '../slug.js';
import type { RunContext } from './run-context.js';

/** Of one task: how far each recipe's next-token distributions are from float's, token by token. */
export interface DistanceView {
  id: string;
  task: string;
  tokens: string;
  ticks: KlPlot['ticks'];
  rows: DistanceRow[];
}

export interface DistanceRow {
  recipe: string;
  href: string;
  figures: { text: string; sort: string }[];
  svg: string;
}

/** Mean and quantiles over tokens, nats; they are rows of the cell. */
const figures = ['kl', 'klMedian', 'kl99', 'klMax'];
const width = 260;

/** One for each task whose cells have histograms; `isWanted` chooses recipes. */
export function viewDistances(
  { run, index, pages }: RunContext,
  table: ResultTable,
  id: string,
  isWanted: (recipe: string) => boolean = () => true,
  href: (recipe: string) => string = (recipe) => pages.href(recipe),
): DistanceView[] {
  return run.manifest.tasks.flatMap((task) => {
    const cells = table.rows
      .filter(({ recipe }) => isWanted(recipe))
      .flatMap(({ recipe }) => {
        const cell = index.find(table.model.name, recipe, task.name);
        return cell?.klHistogram ? [{ recipe, cell, plot: drawKl(cell.klHistogram, width) }] : [];
      });
    const [first] = cells;
    if (!first) return [];
    return [
      {
        id: `${id}-${slugify(task.name)}`,
        task: task.name,
        tokens: formatCount((first.cell.klHistogram?.counts ?? []).reduce((sum, count) => sum + count, 0)),
        ticks: first.plot.ticks.filter((_, place) => place % 2 === 0),
        rows: cells.map(({ recipe, cell, plot }) => ({
          ...{ recipe, href: href(recipe), svg: plot.svg },
          figures: figures.map((metric) => readFigure(cell, metric)),
        })),
      },
    ];
  });
}

function readFigure({ rows }: CellResult, metric: string): { text: string; sort: string } {
  const value = rows.find((row) => row.metric === metric)?.value;
  if (typeof value !== 'number' || !Number.isFinite(value)) return { text: '–', sort: '' };
  return { text: formatSignificant(value), sort: String(value) };
}
