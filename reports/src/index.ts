export { renderReport } from './render-report.js';
export { renderDifference, type DifferenceFormat } from './difference/render-difference.js';
export { formatDifference, formatPair, formatRange, formatShift } from './difference/format-figures.js';
export { shortenHash } from './difference/hash.js';
export { describeMovedLayer } from './difference/describe-difference.js';
export { describeRest } from './difference/rows-view.js';
export { countVerdicts, describeCounts, rankVerdict, verdictMarks, type VerdictCounts } from './difference/verdict.js';
export { renderNight, type NightFormat } from './night/render-night.js';
export { differFacts, pairFigures, type FigurePair } from './site/compare-figures.js';
export { renderCompare } from './site/compare-page.js';
export { renderIndex } from './site/index-page.js';
export { collectFigures, renderRunScript, type RunFigures as SiteFigures } from './site/run-figures.js';
export { nameDifference, type Site, type SiteDifference, type SiteRun } from './site/site-index.js';
export { addSiteLink } from './site/site-link.js';
export { slugify } from './slug.js';
export { joinRows, type NightRow } from './night/night-rows.js';
export { renderLatest } from './night/latest.js';
export { describeVerdict } from './night/summary.js';
export { ReportEmptyError, type ReportFile, type ReportFormat, type RunData } from './run-data.js';
export { stripMeasurements } from './strip-measurements.js';
export {
  buildResultTables,
  type DoneEntry,
  type Entry,
  type MetricColumn,
  type RecipeRow,
  type ResultTable,
} from './result-table.js';
export { listGroupRows } from './group-rows.js';
export { summarise } from './finding.js';
export { collectNotes, type Note } from './notes.js';
export { collectTaskFacts, type TaskFacts } from './task-facts.js';
export { compareFigures, isWithinError, type Delta, type Figure } from './delta.js';
export { nameSeries } from './recipe-series.js';
export { renderResults } from './markdown.js';
export { listFigures, type RunFigures } from './json.js';
export { guardFormula } from './guard-formula.js';
export { escapeLatex } from './escape-latex.js';
export { readPrecisely, toCsv, toLatex, toMarkdown, type TextCell, type TextTable } from './text-table.js';
export { formatCsv } from './csv.js';
export { escapeMarkdown } from './escape-markdown.js';
export { buildPlots, type PlotModel } from './plot-model.js';
export { buildForests, type ForestModel } from './forest-model.js';
export { rankPareto, type Standing } from './pareto.js';
export { drawKl } from './kl-plot.js';
export {
  formatBytes,
  formatCount,
  formatDelta,
  formatParameters,
  formatRelative,
  formatSignificant,
  formatValue,
  percentDecimals,
  plainDecimals,
  unitOf,
  type Unit,
} from './format-number.js';
export { renderReproduction, type ReproductionFormat } from './reproduction/render.js';
export { expectedTitle, formatRow, summariseReproduction, type RowText } from './reproduction/row-text.js';
export { formatCost, formatHours } from './reproduction/cost-text.js';
