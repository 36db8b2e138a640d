import type { CellResult, ModelRecord, RecipeRecord } from '@lowbit/core';
import { formatInstant } from '../format-instant.js';
import { formatParameters } from '../format-number.js';
import { formatOption, listOverrides } from '../recipe-series.js';
import type { ResultTable } from '../result-table.js';
import type { ReportFile } from '../run-data.js';
import { describeRunAgain } from '../run-again.js';
import { orderRecipes } from '../protocol-facts.js';
import { readAssets } from './assets.js';
import { viewComparisons } from './comparisons-view.js';
import { viewDistances } from './distance-view.js';
import { viewRecipeLayers } from './layers-view.js';
import { viewProtocol } from './protocol-view.js';
import { viewRecipeScores } from './recipe-scores-view.js';
import { compileTemplate } from './render-template.js';
import type { RunContext } from './run-context.js';
import { anchor } from './templates/anchor.js';
import { comparisons } from './templates/comparisons.js';
import { distances } from './templates/distances.js';
import { figures, front } from './templates/figures.js';
import { frame } from './templates/frame.js';
import { protocol } from './templates/protocol.js';
import { recipe as template } from './templates/recipe.js';
import { times } from './templates/times.js';
import { viewRecipeTimes } from './times-view.js';

/** A page for each recipe of the run, beside `report.html` in `recipes/`. */
export async function renderRecipePages(context: RunContext, report: string): Promise<ReportFile[]> {
  const assets = await readAssets();
  const partials = { anchor, comparisons, distances, figures, frame, front, protocol, times };
  const render = compileTemplate(template, partials);
  const recipes = orderRecipes(context.run, context.tables);
  return recipes.map((recipe, index) => ({
    file: context.pages.href(recipe.name),
    content: render({ ...viewRecipe(context, recipe, report, recipes[index - 1], recipes[index + 1]), ...assets }),
  }));
}

function viewRecipe(
  context: RunContext,
  recipe: RecipeRecord,
  report: string,
  before: RecipeRecord | undefined,
  after: RecipeRecord | undefined,
) {
  const { run, tables, pages } = context;
  const { manifest } = run;
  // Pages lie beside each other, the report a folder up.
  const beside = (name: string): string => pages.href(name).replace(/^recipes\//, '');
  const own = tables.filter((table) => table.rows.some((row) => row.recipe === recipe.name));
  const cells = own.flatMap((table) => cellsOf(context, table.model, recipe.name));
  const precision = cells.flatMap(({ rows }) => rows).find((row) => row.precision !== undefined)?.precision;
  const [first] = own;
  const back = first ? `../report.html#${pages.rowId(first.model.name, recipe.name)}` : '../report.html';
  const models = own.map((table) => viewModel(context, table, recipe.name));
  return {
    ...{ report, back, models, title: recipe.name },
    meta: [
      `run ${manifest.name}`,
      `Lowbit ${manifest.environment.lowbit}`,
      recipe.bits === undefined ? 'no named bits' : `${recipe.bits} bits`,
      ...(precision === undefined ? [] : [precision]),
    ],
    created: formatInstant(manifest.created),
    notes: [
      ...manifest.notes.map((text) => ({ kind: 'note', word: 'Note', text })),
      ...cells.flatMap(({ task, model, error }) =>
        error
          ? [{ kind: 'failed', word: 'Failed', text: `${task} of ${model}: ${error.message} [${error.code}]` }]
          : [],
      ),
    ],
    links: [
      { href: back, label: 'Report' },
      { href: '#steps', label: 'Steps' },
      ...models.map(({ id, name }) => ({ href: `#${id}`, label: name })),
      { href: '#protocol', label: 'Protocol' },
      ...(before ? [{ href: beside(before.name), label: `← ${before.name}` }] : []),
      ...(after ? [{ href: beside(after.name), label: `${after.name} →` }] : []),
    ],
    steps: recipe.steps.map((step, index) => {
      const method = manifest.methods?.find(({ name }) => name === step.method);
      return {
        ...{ number: index + 1, method: step.method, version: step.version },
        ...{ about: method ? `${method.description}.`.replace(/\.\.$/, '.') : null, source: method?.source ?? null },
        options: Object.entries(step.options).map(([key, value]) => ({ key, value: formatOption(value) })),
        overrides: listOverrides(step),
      };
    }),
    ...withNull(describeRunAgain(manifest, recipe, precision)),
    protocol: { id: 'protocol', ...viewProtocol(run, tables, context.facts, [recipe]) },
    times: viewRecipeTimes(context, recipe.name),
  };
}

/** Handlebars' strict mode takes null, but no field that is not there. */
function withNull({ commands, recipeFile }: ReturnType<typeof describeRunAgain>) {
  return { commands, recipeFile: recipeFile ?? null };
}

function viewModel(context: RunContext, table: ResultTable, name: string) {
  const { run, pages } = context;
  const { model } = table;
  const id = pages.modelId(model.name);
  // There is a row: the table was chosen by it.
  const row = table.rows.find(({ recipe }) => recipe === name) ?? table.rows[0];
  if (!row) throw new Error(`no row of ${name}`);
  const cells = cellsOf(context, model, name);
  const bits = row.bitsPerWeight === undefined ? [] : [`${row.bitsPerWeight.toFixed(2)} bits per weight as stored`];
  const sameBits = new Set(table.rows.filter(({ bits: other }) => other === row.bits).map(({ recipe }) => recipe));
  const isPaired = ({
    recipe,
    against,
    isBaseline,
  }: {
    recipe: string;
    against: string;
    isBaseline: boolean;
  }): boolean =>
    (recipe === name && (isBaseline || sameBits.has(against))) || (against === name && sameBits.has(recipe));
  return {
    id,
    name: model.name,
    facts: [`${model.family}, ${formatParameters(model.parameters)} parameters`, ...bits].join('; '),
    scoresId: `${id}-scores`,
    ...viewRecipeScores(table, row, run.comparisons),
    comparisons: viewComparisons(run, model.name, `${id}-comparisons`, isPaired),
    distances: viewDistances(context, table, `${id}-distance`, (recipe) => recipe === name, beside(context)),
    layers: viewRecipeLayers(row, table, `${id}-layers`),
    cellsId: `${id}-cells`,
    cells: cells.map((cell) => ({
      ...{ task: cell.task, digest: cell.digest },
      status: cell.error ? `failed, ${cell.error.code}` : 'done',
      precision: cell.execution?.precision ?? cell.rows[0]?.precision ?? '–',
      products: describeProducts(cell),
      tokens: cell.counts.tokenSha256 || null,
    })),
    simulated: (cells.find(({ execution }) => execution)?.execution?.simulated ?? []).map(
      ({ reason, layers }) => `Stayed simulated, ${reason}: ${layers.join(', ')}.`,
    ),
  };
}

function beside({ pages }: RunContext): (recipe: string) => string {
  return (recipe) => pages.href(recipe).replace(/^recipes\//, '');
}

function cellsOf({ run, index }: RunContext, model: ModelRecord, recipe: string): CellResult[] {
  return run.manifest.tasks.flatMap((task) => index.find(model.name, recipe, task.name) ?? []);
}

/** `MatMulNBits 210, Gemm 1`: linears by the operator of their product. */
function describeProducts({ execution }: CellResult): string {
  const counts = Object.entries(execution?.operators ?? {}).filter(([, count]) => count > 0);
  return counts.map(([operator, count]) => `${operator} ${count}`).join(', ') || '–';
}
