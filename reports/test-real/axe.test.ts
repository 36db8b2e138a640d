import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { renderNight, renderReproduction } from '@lowbit/reports';
import t from 'tap';
import { makeFirstNight } from '../test/fixtures/night.js';
import { renderOne } from '../test/fixtures/render.js';
import { makeReproduction } from '../test/fixtures/reproduction.js';
import { makeRunData } from '../test/fixtures/run-data.js';
import { writeSite } from '../test/fixtures/site.js';
import { launchBrowser, openPage } from './browser.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = t.testdir();
const pages = await writeSite(folder);
const [first] = await renderNight(makeFirstNight(), ['html']);
const [reproduction] = await renderReproduction(makeReproduction(), ['html']);
const others = {
  'first-night.html': first?.content ?? '',
  'reproduction.html': reproduction?.content ?? '',
  'two-models.html': await renderOne(makeRunData({ models: ['tiny-llama', 'other'] }), 'html'),
};
for (const [file, content] of Object.entries(others)) writeFileSync(path.join(folder, file), content);

// One page of each kind: recipes of a run are alike.
const kinds = [...new Map(pages.map((page) => [page.replace(/first-\d+|[^/]*(?=\.html$)/g, kindOf), page])).values()];
const addresses = [...kinds, ...Object.keys(others), 'compare.html#a=first-20&b=first-21'];

function kindOf(name: string): string {
  return ['index', 'compare', 'report', 'night'].includes(name) ? name : '*';
}

interface Violation {
  id: string;
  impact: string;
  help: string;
  nodes: { target: string[]; failureSummary: string }[];
}

const browser = await launchBrowser(t);
const root = pathToFileURL(folder).href;

for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [360, 1600])
    t.test(`axe-core finds nothing, ${colorScheme}, ${width} pixels wide`, async (t) => {
      for (const address of addresses) {
        const viewport = { width, height: 900 };
        const page = await openPage(t, browser, `${root}/${address}`, root, { colorScheme, viewport });
        if (address.includes('#a=')) await page.locator('#figures-table tbody tr').first().waitFor();
        await page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))");
        t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, `${address} fits`);
        await page.evaluate(axe);
        const found = (await page.evaluate('axe.run(document).then(({ violations }) => violations)')) as Violation[];
        const lines = found.flatMap(({ id, impact, help, nodes }) =>
          nodes
            .slice(0, 3)
            .map(({ target, failureSummary }) => `${impact} ${id} (${help}) at ${target.join(' ')}: ${failureSummary}`),
        );
        t.same(lines, [], address);
        await page.close();
      }
    });
