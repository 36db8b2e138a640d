import { summarise } from '../finding.js';
import { formatInstant } from '../format-instant.js';
import { formatFixed, formatParameters } from '../format-number.js';
import { collectNotes, type Note } from '../notes.js';
import { buildPlots } from '../plot-model.js';
import type { ResultTable } from '../result-table.js';
import type { ReportFile, RunData } from '../run-data.js';
import { readAssets } from './assets.js';
import { viewComparisons } from './comparisons-view.js';
import { viewDistances } from './distance-view.js';
import { viewLayers } from './layers-view.js';
import { viewForests, viewPlots } from './plots-view.js';
import { viewProtocol } from './protocol-view.js';
import { renderRecipePages } from './recipe-page.js';
import { compileTemplate } from './render-template.js';
import { viewTables } from './results-view.js';
import { openContext, type RunContext } from './run-context.js';
import { anchor } from './templates/anchor.js';
import { comparisons } from './templates/comparisons.js';
import { distances } from './templates/distances.js';
import { figures, front } from './templates/figures.js';
import { forests } from './templates/forests.js';
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

const partials = { anchor, comparisons, distances, figures, forests, frame, front };
const sections = { layers, plots, protocol, results, times };

/** `report.html` and a page for each recipe: what a reader needs of them, style and script included, is in each file. */
export async function renderHtml(runs: readonly RunData[], title: string): Promise<ReportFile[]> {
  const isOneOfSeveral = runs.length > 1;
  const contexts = runs.map((run, index) => openContext(run, isOneOfSeveral ? `run${index + 1}-` : ''));
  const views = await Promise.all(contexts.map((context) => viewRun(context, isOneOfSeveral)));
  const render = compileTemplate(page, { ...partials, ...sections });
  const content = render({
    title,
    findings: views.flatMap(({ findings }) => findings),
    meta: [...new Set(views.flatMap(({ meta }) => meta))],
    created: runs.map((run) => formatInstant(run.manifest.created)).join(', '),
    notes: views.flatMap(({ notes }) => notes),
    links: views.flatMap(({ links }) => links),
    runs: views,
    ...(await readAssets()),
  });
  const recipes = await Promise.all(contexts.map((context) => renderRecipePages(context, title)));
  return [{ file: 'report.html', content }, ...recipes.flat()];
}

async function viewRun(context: RunContext, isOneOfSeveral: boolean) {
  const { run, tables, facts, prefix } = context;
  const { manifest } = run;
  const models = await Promise.all(tables.map((table) => viewModel(context, table)));
  const suffix = isOneOfSeveral ? ` of ${manifest.name}` : '';
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
    times: await viewTimes(context),
  };
}

async function viewModel(context: RunContext, table: ResultTable) {
  const { run, pages } = context;
  const { model } = table;
  const id = pages.modelId(model.name);
  const drawn = buildPlots(table, run.comparisons);
  return {
    id,
    name: model.name,
    facts: `${model.family}, ${formatParameters(model.parameters)} parameters, ${formatFixed(model.bitsPerWeight, 0)} bits per weight as it came`,
    ...viewTables(table, `${id}-scores`, pages),
    plots: await viewPlots(table, drawn, pages),
    forests: await viewForests(table, run.comparisons, pages, drawn),
    comparisons: viewComparisons(run, model.name, `${id}-comparisons`),
    distances: viewDistances(context, table, `${id}-distance`),
    layers: viewLayers(table, pages),
  };
}
