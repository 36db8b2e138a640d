import { formatInstant } from '../format-instant.js';
import { listCounts, totalOf } from '../difference/verdict.js';
import { readAssets } from '../html/assets.js';
import { compileTemplate } from '../html/render-template.js';
import { frame } from '../html/templates/frame.js';
import { listBest } from './best-figures.js';
import { nameDifference, orderRuns, type Site, type SiteRun } from './site-index.js';
import { indexPage } from './templates.js';

/** The list of all runs, `index.html`. */
export async function renderIndex(site: Site): Promise<string> {
  const runs = orderRuns(site.runs);
  const nights = runs.filter(({ night }) => night).length;
  const render = compileTemplate(indexPage, { frame });
  return render({
    title: site.title,
    summary: `${describeNumber(runs.length - nights, nights)}, the latest first.`,
    newest: viewNewest(runs),
    leftOut: site.leftOut,
    hasNights: nights > 0,
    rows: runs.map((run) => viewRun(run, site)),
    ...(await readAssets(['verdicts.css', 'site.css'])),
  });
}

function viewNewest(runs: readonly SiteRun[]): string | null {
  const night = runs.find(({ night }) => night);
  return night ? `runs/${night.slug}/night.html` : null;
}

function viewRun(one: SiteRun, { differences }: Site) {
  const { slug, run, hasReport, night } = one;
  const { manifest } = run;
  const before = differences.find(({ after }) => after === slug);
  const instant = Date.parse(manifest.created);
  const best = listBest(run);
  return {
    id: slug,
    href: hasReport ? `runs/${slug}/report.html` : null,
    name: manifest.name,
    title: manifest.title === manifest.name ? null : manifest.title,
    created: { text: formatInstant(manifest.created), sort: Number.isFinite(instant) ? String(instant) : '' },
    models: manifest.models.map(({ name }) => name),
    recipes: { text: shorten(manifest.recipes.map(({ name }) => name)), count: manifest.recipes.length },
    tasks: { text: shorten(manifest.tasks.map(({ name }) => name)), count: manifest.tasks.length },
    best: best.figures,
    more: best.more > 0 ? best.more : null,
    state: describeState(one),
    verdict: night ? viewVerdict(night) : null,
    pages: [
      ...(night ? [{ href: `runs/${slug}/night.html`, text: 'night' }] : []),
      ...(before ? [{ href: nameDifference(before), text: 'against the run before' }] : []),
      ...(hasReport ? [{ href: `compare.html#a=${before?.before ?? ''}&b=${slug}`, text: 'compare' }] : []),
    ],
  };
}

function viewVerdict({ counts, isFirst }: NonNullable<SiteRun['night']>) {
  // All of the first night is new.
  const moved = isFirst ? listCounts({ ...counts, new: 0 }) : listCounts(counts);
  return { moved, text: isFirst ? 'first night' : `all ${totalOf(counts)} the same` };
}

/** What is not there, where something is not. */
function describeState({ run: { manifest, cells } }: SiteRun): string | null {
  const failed = cells.filter(({ status }) => status === 'failed').length;
  const missing = manifest.cells.length - cells.length;
  const parts = [failed > 0 ? `${failed} failed` : '', missing > 0 ? `${missing} without a result yet` : ''];
  return parts.filter((part) => part !== '').join(', ') || null;
}

const mostNames = 6;

/** In pieces between which a line may end. */
function shorten(names: readonly string[]): string[] {
  const rest = names.length - mostNames;
  const text = `${names.slice(0, mostNames).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  return text.split(/(?<=[,+(=])(?! )/);
}

function describeNumber(runs: number, nights: number): string {
  const parts = [runs > 0 || nights === 0 ? count(runs, 'run') : '', nights > 0 ? count(nights, 'night') : ''];
  return parts.filter((part) => part !== '').join(' and ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
