import { formatInstant } from '../format-instant.js';
import { readAssets, readScript } from '../html/assets.js';
import { compileTemplate } from '../html/render-template.js';
import { frame } from '../html/templates/frame.js';
import { nameDifference, orderRuns, type Site } from './site-index.js';
import { comparePage } from './templates.js';

/** Where this page's own script begins what the common ones go on with: its table is there before it is made sortable. */
const ownScripts = [
  '../format-number.js',
  '../pairs.js',
  '../difference/format-figures.js',
  '../difference/hash.js',
  '../site/compare-figures.js',
  '../site/compare-runs.js',
];

/** Files beside the page may be run: by their own origin on a server, by their scheme on a disk. */
const policy = "script-src 'unsafe-inline' 'self' file:;";

/** The page of any two runs, `compare.html#a=SLUG&b=SLUG`: their figures side by side, worked out in the browser. */
export async function renderCompare(site: Site): Promise<string> {
  const runs = orderRuns(site.runs).filter(({ hasReport }) => hasReport);
  const assets = await readAssets(['verdicts.css', 'site.css']);
  const open = frame.replace("script-src 'unsafe-inline';", policy);
  if (open === frame) throw new Error('the frame has a policy for scripts that this page widens');
  const render = compileTemplate(comparePage, { frame: open });
  return render({
    title: `Compare two runs · ${site.title}`,
    runs: runs.map(({ slug, run: { manifest } }) => ({
      slug,
      text: `${manifest.name}, ${formatInstant(manifest.created)}`,
    })),
    differences: site.differences.map((difference) => ({
      key: `${difference.before}--${difference.after}`,
      href: nameDifference(difference),
      text: `${nameOf(site, difference.before)} and ${nameOf(site, difference.after)}`,
    })),
    style: assets.style,
    script: `${await readScript(ownScripts)}${assets.script}`,
  });
}

function nameOf({ runs }: Site, slug: string): string {
  const manifest = runs.find((each) => each.slug === slug)?.run.manifest;
  return manifest ? `${manifest.name}, ${formatInstant(manifest.created)}` : slug;
}
