import type { RunComparisons } from '@lowbit/core';
import { drawForest } from '../forest.js';
import { buildForests, type ForestModel } from '../forest-model.js';
import { formatSignificant } from '../format-number.js';
import { formatEnd } from '../pairs.js';
import { drawPlot } from '../plot.js';
import { listSeries, manyPoints, type PlotModel } from '../plot-model.js';
import { styleSeries } from '../plot-style.js';
import type { RecipePages } from '../recipe-pages.js';
import type { ResultTable } from '../result-table.js';
import { slugify } from '../slug.js';

export interface FigureView {
  id: string;
  title: string;
  /** What the axis says. */
  facts: string[];
  description: string;
  svg: string;
}

export interface PlotsView {
  id: string;
  figures: FigureView[];
  hasBaseline: boolean;
  hasOpen: boolean;
  hasBars: boolean;
  legend: { name: string; colour: string; dash: string; outline: string }[];
  front: FrontView;
}

/** The fronts of several plots as a table. */
export interface FrontView {
  id: string;
  /** Of the cost. */
  cost: string;
  rows: {
    task: string;
    metric: string;
    recipe: string;
    href: string;
    cost: string;
    costSort: string;
    value: string;
    sort: string;
    standing: string;
  }[];
}

/** More recipes than this in a forest plot are left to their own pages, but for those on the front. */
const mostInForest = 40;

export async function viewPlots(
  table: ResultTable,
  models: readonly PlotModel[],
  pages: RecipePages,
): Promise<PlotsView> {
  const id = `${pages.modelId(table.model.name)}-size`;
  return {
    id,
    figures: await viewFigures(models, id),
    hasBaseline: models.some(({ baseline }) => baseline !== undefined),
    hasBars: models.some(({ series }) => series.flatMap(({ points }) => points).length <= manyPoints),
    hasOpen: models.some(({ series }) =>
      series.some(({ points }) => points.some(({ standing }) => standing === 'open')),
    ),
    legend: listSeries(table).map((name, index) => {
      const { colour, dash, outline } = styleSeries(index);
      return { name, colour, dash: dash.join(' '), outline };
    }),
    front: viewFront(models, `${id}-front`, 'Bits per weight', pages),
  };
}

export function viewFigures(models: readonly PlotModel[], id: string): Promise<FigureView[]> {
  return Promise.all(
    models.map(async (plot) => ({
      id: `${id}-${slugify(plot.task)}`,
      title: plot.title,
      facts: [plot.direction, ...(plot.scale === 'log' ? ['logarithmic axis'] : [])],
      description: plot.description,
      svg: await drawPlot(plot),
    })),
  );
}

export function viewFront(models: readonly PlotModel[], id: string, cost: string, pages: RecipePages): FrontView {
  return {
    id,
    cost,
    rows: models.flatMap(({ task, metric, series }) =>
      series
        .flatMap(({ points }) => points)
        .filter(({ standing }) => standing !== 'dominated')
        .sort((a, b) => a.x - b.x)
        .map(({ recipe, x, y, standing }) => ({
          ...{ task, metric, recipe, href: pages.href(recipe) },
          ...{ cost: x.toFixed(2), costSort: String(x), value: formatSignificant(y), sort: String(y) },
          standing: standing === 'front' ? 'on the front' : 'open',
        })),
    ),
  };
}

export interface ForestsView {
  id: string;
  figures: FigureView[];
  /** The same as a table. */
  tableId: string;
  rows: ForestRowView[];
  /** Recipes are left out: of so many. */
  all: number | null;
}

interface ForestRowView {
  recipe: string;
  href: string;
  task: string;
  metric: string;
  difference: string;
  sort: string;
  interval: string;
  told: string;
}

/** Differences to float, task by task; null where nothing was compared. */
export async function viewForests(
  table: ResultTable,
  comparisons: RunComparisons | undefined,
  pages: RecipePages,
  plots: readonly PlotModel[],
): Promise<ForestsView | null> {
  const all = table.rows.filter(({ isFloat }) => !isFloat).length;
  const fronts = new Map(plots.map(({ task, front }) => [task, new Set(front.map(({ recipe }) => recipe))]));
  const isShown = (task: string, recipe: string): boolean =>
    all <= mostInForest || (fronts.get(task)?.has(recipe) ?? false);
  const models = buildForests(table, comparisons, isShown);
  if (models.length === 0) return null;
  const id = `${pages.modelId(table.model.name)}-differences`;
  const figures = models.map(async (model) => ({
    id: `${id}-${slugify(model.task)}`,
    title: model.title,
    facts: model.scale === 'symlog' ? ['logarithmic beyond ±1'] : [],
    description: model.description,
    svg: await drawForest(model),
  }));
  const rows = models.flatMap((model) => viewForestRows(model, pages));
  const drawn = await Promise.all(figures);
  return { id, figures: drawn, tableId: `${id}-table`, rows, all: all > mostInForest ? all : null };
}

function viewForestRows({ task, metric, unit, figures }: ForestModel, pages: RecipePages): ForestRowView[] {
  const suffix = { 'percent of float': ' %', points: ' points' }[unit] ?? '';
  return figures.map(({ recipe, difference, low, high, isTold, sense }) => ({
    ...{ recipe, href: pages.href(recipe), task, metric },
    ...{ difference: `${formatEnd(difference)}${suffix}`, sort: String(difference) },
    interval: `${formatEnd(low)} to ${formatEnd(high)}${suffix}`,
    told: isTold ? sense : 'no',
  }));
}
