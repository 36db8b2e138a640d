import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { writeSite } from '../test/fixtures/site.js';
import { launchBrowser, openPage } from './browser.js';

const folder = t.testdir();
await writeSite(folder);
const browser = await launchBrowser(t);

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };
/** A plain web server that has the site below a path of its own. */
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  try {
    const file = path.join(folder, decodeURIComponent(pathname.replace('/some/where/', '')));
    const content = readFileSync(file);
    response.writeHead(200, { 'content-type': types[path.extname(file)] ?? 'text/plain' }).end(content);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
t.teardown(() => server.close());
const roots = {
  disk: `${pathToFileURL(folder).href}/`,
  'web server': `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/where/`,
};

for (const [place, root] of Object.entries(roots))
  t.test(`every link and anchor leads somewhere, from a ${place}`, async (t) => {
    const seen = new Set<string>();
    const waiting = [`${root}index.html`];
    let anchors = 0;
    for (let address = waiting.shift(); address !== undefined; address = waiting.shift()) {
      if (seen.has(address)) continue;
      seen.add(address);
      const page = await openPage(t, browser, address, root);
      const found = (await page.evaluate(`({
        links: [...document.querySelectorAll('a[href]')].map((a) => ({ href: a.href, written: a.getAttribute('href') })),
        ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
      })`)) as { links: { href: string; written: string }[]; ids: string[] };
      t.equal(new Set(found.ids).size, found.ids.length, `ids of ${address} are each given once`);
      for (const { href, written } of found.links) {
        t.ok(href.startsWith(root), `${written} of ${address} stays in the site`);
        const [target = '', fragment] = href.split('#');
        if (target === address && fragment) {
          anchors++;
          if (!found.ids.includes(decodeURIComponent(fragment))) t.fail(`${address} has no #${fragment}`);
        } else if (/\.html$/.test(target)) waiting.push(target);
        else statSync(path.join(folder, target.slice(root.length)));
      }
      await page.close();
    }
    t.ok(seen.size >= 7 && anchors > 20, `${seen.size} pages, ${anchors} anchors`);
  });

for (const [place, root] of Object.entries(roots))
  t.test(`any two runs are compared from a ${place}`, async (t) => {
    const page = await openPage(t, browser, `${root}compare.html#a=first-20&b=night-22`, root);
    const rows = page.locator('#figures-table tbody tr');
    await rows.first().waitFor();
    t.equal(await rows.count(), 7 * 5);
    t.match(await page.locator('#outcome').textContent(), /^Of 35 figures \d+ better, \d+ worse/);
    t.notOk(await page.locator('#prepared').isVisible(), 'no page of these two lies there');
    await page.getByRole('button', { name: 'Difference', exact: true }).click();
    const sorts = await page
      .locator('#figures-table td:nth-child(6)')
      .evaluateAll((cells) => cells.map((cell) => cell.dataset['sort']));
    const values = sorts.filter((sort) => sort !== '').map(Number);
    t.same(
      values,
      values.toSorted((a, b) => a - b),
      'sorted by difference',
    );
    await page.getByLabel('After').selectOption('first-21');
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.locator('#prepared').waitFor();
    t.match(await page.locator('#changes-table').textContent(), 'dampPercent');
    await page.getByRole('link', { name: /with paired tests/ }).click();
    t.match(page.url(), 'differences/first-20--first-21.html');
    await page.goBack();
    await page.getByRole('button', { name: 'Swap' }).click();
    await page.waitForURL(/#a=first-21&b=first-20$/);
    await rows.first().waitFor();
    t.equal(await page.getByLabel('Before').inputValue(), 'first-21');
  });

t.test('an address with other names loads nothing', async (t) => {
  const root = roots.disk;
  const page = await openPage(t, browser, `${root}compare.html#a=../../x&b=first-21`, root);
  t.match(await page.locator('#outcome').textContent(), 'Choose two runs');
  t.equal(await page.locator('script[src]').count(), 0);
});

t.test('figures that do not lie beside the page are said', async (t) => {
  const root = roots['web server'];
  const page = await browser.newPage();
  t.teardown(() => page.close());
  await page.route('**/data/first-20.js', (route) => route.fulfill({ status: 404, body: '' }));
  await page.goto(`${root}compare.html#a=first-20&b=first-21`);
  await page.getByText('The figures of first-20 did not load').waitFor();
});

t.test('the list sorts and filters', async (t) => {
  const page = await openPage(t, browser, `${roots.disk}index.html`, roots.disk);
  const names = () => page.locator('#runs-table tbody tr:visible').evaluateAll((rows) => rows.map(({ id }) => id));
  t.same(await names(), ['night-22', 'first-21', 'first-20']);
  await page.getByRole('button', { name: 'Created' }).click();
  t.same(await names(), ['first-20', 'first-21', 'night-22']);
  await page.getByRole('searchbox', { name: 'Filter' }).fill('worse');
  t.same(await names(), ['night-22']);
  t.equal(await page.getByRole('status').textContent(), '1 of 3 runs');
});

t.test('the keyboard: past the head first, then along, always seen', async (t) => {
  for (const file of [
    'index.html',
    'compare.html',
    'differences/first-20--first-21.html',
    'runs/night-22/night.html',
    'runs/night-22/report.html',
  ]) {
    const page = await openPage(t, browser, `${roots.disk}${file}`, roots.disk);
    await page.keyboard.press('Tab');
    t.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content', file);
    const tops: number[] = [];
    for (let step = 0; step < 12; step++) {
      // Behind the last one the focus leaves the page.
      if (await page.evaluate('document.activeElement === document.body')) break;
      const seen = (await page.evaluate(`(() => {
        const { top, width, height } = document.activeElement.getBoundingClientRect();
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return { top: top + scrollY, isSeen: width > 0 && height > 0 && outlineStyle !== 'none' && outlineWidth !== '0px' };
      })()`)) as { top: number; isSeen: boolean };
      t.ok(seen.isSeen, `${file}: what has the focus is seen`);
      tops.push(seen.top);
      await page.keyboard.press('Tab');
    }
    t.ok(tops.length >= 5, `${file}: ${tops.length} places to go`);
    t.ok(
      tops.every((top, place) => place === 0 || top > (tops[place - 1] ?? 0) - 200),
      `${file}: from top to bottom`,
    );
    await page.goto(`${roots.disk}${file}`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    t.match(page.url(), /#content$/);
    await page.close();
  }
});

t.test('headings go down one level at a time, and the page has its landmarks', async (t) => {
  for (const file of [
    'index.html',
    'compare.html',
    'differences/first-20--first-21.html',
    'runs/night-22/night.html',
  ]) {
    const page = await openPage(t, browser, `${roots.disk}${file}`, roots.disk);
    const levels = (await page
      .locator('h1, h2, h3, h4')
      .evaluateAll((all) => all.map(({ tagName }) => Number(tagName[1])))) as number[];
    t.equal(levels[0], 1, file);
    t.ok(
      levels.every((level, place) => place === 0 || level <= (levels[place - 1] ?? 0) + 1),
      `${file}: ${levels.join(' ')}`,
    );
    t.equal(await page.locator('main').count(), 1);
    t.equal(await page.locator('h1').count(), 1);
    await page.close();
  }
});

t.test('without script: the list and the prepared pages are complete, no button is dead', async (t) => {
  for (const file of [
    'index.html',
    'compare.html',
    'differences/first-20--first-21.html',
    'runs/night-22/night.html',
  ]) {
    const page = await openPage(t, browser, `${roots.disk}${file}`, roots.disk, { javaScriptEnabled: false });
    t.equal(await page.getByRole('button').count(), 0, file);
    t.equal(await page.getByRole('searchbox').count(), 0, file);
    await page.close();
  }
});

t.test('paper: no controls, nothing cut', async (t) => {
  for (const file of [
    'index.html',
    'differences/first-20--first-21.html',
    'runs/night-22/night.html',
    'compare.html#a=first-20&b=first-21',
  ]) {
    const page = await openPage(t, browser, `${roots.disk}${file}`, roots.disk, {
      viewport: { width: 1031, height: 700 },
    });
    if (file.includes('#a=')) await page.locator('#figures-table tbody tr').first().waitFor();
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    t.equal(
      await page.locator('button:visible:not(thead *), input:visible, nav:visible, select:visible').count(),
      0,
      file,
    );
    t.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
    for (const table of await page.locator('table:visible').all()) {
      const box = await table.boundingBox();
      t.ok(box && box.x >= 0 && box.x + box.width <= 1031, `${file}: a table ends at ${box && box.x + box.width}`);
    }
    await page.close();
  }
});
