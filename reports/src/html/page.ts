import { summarise } from '../finding.js';
import { formatInstant } from '../format-instant.js';
import { formatFixed, formatParameters } from '../format-number.js';
import { collectNotes, type Note } from '../notes.js';
import { drawPlot } from '../plot.js';
import { buildPlots, listSeries } from '../plot-model.js';
import { styleSeries } from '../plot-style.js';
import { buildResultTables, type ResultTable } from '../result-table.js';
import type { RunData } from '../run-data.js';
import { collectTaskFacts } from '../task-facts.js';
import { readAssets } from './assets.js';
import { viewComparisons } from './comparisons-view.js';
import { viewLayers } from './layers-view.js';
import { viewProtocol } from './protocol-view.js';
import { compileTemplate } from './render-template.js';
import { viewResults } from './results-view.js';
import { locateRecipes, type RecipePages } from '../recipe-pages.js';
import { anchor } from './templates/anchor.js';
import { comparisons } from './templates/comparisons.js';
import { frame } from './templates/frame.js';
import { layers } from './templates/layers.js';
import { page } from './templates/page.js';
import { plots } from './templates/plots.js';
import { protocol } from './templates/protocol.js';
import { results } from './templates/results.js';
import { times } from './templates/times.js';
import { viewTimes } from './times-view.js';

const noteWords: Record<Note['kind'], string> = {
  note: 'Note',
  fallback: 'Fallback',
  missing: 'Partial',
  failed: 'Failed',
};

/** The whole report as one HTML document that needs nothing beside itself. */
export async function renderHtml(runs: readonly RunData[], title: string): Promise<string> {
  const views = await Promise.all(runs.map((run, index) => viewRun(run, index, runs.length > 1)));
  const render = compileTemplate(page, { anchor, comparisons, frame, layers, plots, protocol, results, times });
  return render({
    title,
    findings: views.flatMap(({ findings }) => findings),
    meta: [...new Set(views.flatMap(({ meta }) => meta))],
    created: runs.map((run) => formatInstant(run.manifest.created)).join(', '),
    notes: views.flatMap(({ notes }) => notes),
    links: views.flatMap(({ links }) => links),
    runs: views,
    ...(await readAssets()),
  });
}

async function viewRun(run: RunData, index: number, isOneOfSeveral: boolean) {
  const { manifest } = run;
  const tables = buildResultTables(run);
  const facts = collectTaskFacts(run, tables);
  const prefix = isOneOfSeveral ? `run${index + 1}-` : '';
  const pages = locateRecipes(run, prefix);
  const models = await Promise.all(tables.map((table) => viewModel(run, table, pages)));
  const suffix = isOneOfSeveral ? ` of ${manifest.name}` : '';
  const severalModels = tables.length > 1;
  return {
    heading: isOneOfSeveral ? `${manifest.title} (${manifest.name})` : null,
    findings: tables.map((table) => (isOneOfSeveral ? `${manifest.name}: ` : '') + summarise(table)),
    meta: [`run ${manifest.name}`, `Lowbit ${manifest.environment.lowbit}`],
    notes: collectNotes(run, tables, facts).map(({ kind, text }) => ({
      kind,
      word: noteWords[kind],
      text: isOneOfSeveral ? `${manifest.name}: ${text}` : text,
    })),
    links: [
      ...models.map(({ id, name }) => ({ id, label: `${name}${suffix}` })),
      { id: `${prefix}protocol`, label: `Protocol${suffix}` },
      { id: `${prefix}times`, label: `Times${suffix}` },
    ],
    models,
    protocol: { id: `${prefix}protocol`, ...viewProtocol(run, tables, facts) },
    times: { id: `${prefix}times`, severalModels, ...viewTimes(run, tables) },
  };
}

async function viewModel(run: RunData, table: ResultTable, pages: RecipePages) {
  const { model } = table;
  const id = pages.modelId(model.name);
  const models = buildPlots(table);
  const figures = await Promise.all(
    models.map(async (plot) => ({
      title: plot.title,
      direction: plot.direction,
      isLog: plot.scale === 'log',
      description: plot.description,
      svg: await drawPlot(plot),
    })),
  );
  return {
    id,
    name: model.name,
    facts: `${model.family}, ${formatParameters(model.parameters)} parameters, ${formatFixed(model.bitsPerWeight, 0)} bits per weight as it came`,
    results: viewResults(table, `${id}-scores`, pages),
    comparisons: viewComparisons(run, model.name),
    plots: { figures, hasBaseline: models.some((plot) => plot.baseline !== undefined), legend: viewLegend(table) },
    layers: viewLayers(table),
  };
}

function viewLegend(table: ResultTable) {
  return listSeries(table).map((name, index) => {
    const { colour, dash, outline } = styleSeries(index);
    return { name, colour, dash: dash.join(' '), outline };
  });
}
