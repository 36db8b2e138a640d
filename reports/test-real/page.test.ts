import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import t from 'tap';
import { renderOne } from '../test/fixtures/render.js';
import { failCell, makeRunData } from '../test/fixtures/run-data.js';

const run = makeRunData();
failCell(run, 'gptq-w2-g64', 'piqa', 'The worker died.');
const file = path.join(t.testdir(), 'report.html');
writeFileSync(file, await renderOne(run, 'html'));

const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] });
t.teardown(() => browser.close());

function findChromium(): string {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return execFileSync('sh', ['-c', names.map((name) => `command -v ${name}`).join(' || ')], {
    encoding: 'utf8',
  }).trim();
}

/** The report in a new page; a message on the console or a request for anything but the file fails the test. */
async function openReport(t: Tap, options: Parameters<typeof browser.newPage>[0] = {}): Promise<Page> {
  const page = await browser.newPage(options);
  page.on('console', (message) => t.fail(`console: ${message.text()}`));
  page.on('pageerror', (error) => t.fail(`error: ${error.message}`));
  const address = pathToFileURL(file).href;
  page.on('request', (request) => request.url() === address || t.fail(`asked for ${request.url()}`));
  t.teardown(() => page.close());
  await page.goto(address);
  return page;
}

type Tap = Pick<typeof t, 'fail' | 'teardown'>;

function readRecipes(page: Page): Promise<(string | null)[]> {
  return page.locator('table.results tbody tr:visible > th').allTextContents();
}

const planned = ['float', 'gptq-w4-g64', 'rtn-w4-g64', 'gptq-w3-g64', 'rtn-w3-g64', 'gptq-w2-g64', 'rtn-w2-g64'];

t.test('a click sorts up, then down, then back; cells without a figure stay at the end', async (t) => {
  const page = await openReport(t);
  const header = page.locator('th[data-column="7"]');
  const sorted = [...run.cells]
    .filter((cell) => cell.task === 'piqa')
    .flatMap((cell) => cell.rows.filter((row) => row.metric === 'acc'))
    .sort((a, b) => a.value - b.value)
    .map((row) => row.recipe);
  t.same(await readRecipes(page), planned);
  await header.getByRole('button').click();
  t.equal(await header.getAttribute('aria-sort'), 'ascending');
  t.same(await readRecipes(page), [...sorted, 'gptq-w2-g64']);
  await header.getByRole('button').click();
  t.equal(await header.getAttribute('aria-sort'), 'descending');
  t.same(await readRecipes(page), [...sorted.reverse(), 'gptq-w2-g64']);
  await header.getByRole('button').click();
  t.equal(await header.getAttribute('aria-sort'), null);
  t.same(await readRecipes(page), planned);
});

t.test('the keyboard sorts, and one column at a time', async (t) => {
  const page = await openReport(t);
  await page.locator('th[data-column="2"] button').focus();
  await page.keyboard.press('Enter');
  t.equal((await readRecipes(page)).at(-1), 'float', 'float has no bits');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Space');
  t.equal(await page.locator('th[data-column="0"]').getAttribute('aria-sort'), 'ascending');
  t.equal(await page.locator('[aria-sort]').count(), 1);
  t.same(await readRecipes(page), [...planned].sort(), 'names by letter');
});

t.test('the filter keeps rows that have every word', async (t) => {
  const page = await openReport(t);
  const filter = page.getByRole('searchbox', { name: 'Filter' });
  await filter.fill('GPTQ w3');
  t.same(await readRecipes(page), ['gptq-w3-g64']);
  t.equal(await page.getByRole('status').textContent(), '1 of 7 recipes');
  await filter.fill('');
  t.same(await readRecipes(page), planned);
  t.equal(await page.getByRole('status').textContent(), '');
});

t.test('opened layers show a map of roles and blocks', async (t) => {
  const page = await openReport(t);
  const details = page.locator('details.layers').filter({ hasText: 'gptq-w2-g64' });
  await details.locator('summary').click();
  const map = details.locator('.map').first();
  await map.waitFor();
  t.match(await map.locator('figcaption').textContent(), /^Weight error, %: [\d.]+ to [\d.]+$/);
  t.equal(await map.locator('tr').count(), 7, 'a row a role');
  t.equal(await map.locator('td').count(), 14);
  t.equal(await map.locator('td.fallback').count(), 1);
  const styles = await map.locator('td').evaluateAll((cells) => cells.map((cell) => cell.getAttribute('style') ?? ''));
  const heats = styles.map((style) => Number(/--heat: ?([\d.e-]+)/.exec(style)?.[1]));
  t.equal(Math.min(...heats), 0);
  t.equal(Math.max(...heats), 1);
  await details.locator('summary').click();
  await details.locator('summary').click();
  t.equal(await details.locator('.maps').count(), 1, 'drawn once');
});

t.test('without script the page is complete and offers nothing that does not work', async (t) => {
  const page = await openReport(t, { javaScriptEnabled: false });
  t.same(await readRecipes(page), planned);
  t.equal(await page.getByRole('button').count(), 0);
  t.notOk(await page.getByRole('searchbox').isVisible());
});

t.test('light and dark', async (t) => {
  const read = async (colorScheme: 'light' | 'dark') => {
    const page = await openReport(t, { colorScheme });
    // As text: the types of a browser's globals are not those of the tests.
    return page.evaluate(`(() => {
      const [body, line] = ['body', 'figure svg [stroke="var(--series-1)"]'].map((selector) =>
        getComputedStyle(document.querySelector(selector)));
      return [body.backgroundColor, body.color, line.stroke];
    })()`);
  };
  t.same(await read('light'), ['rgb(252, 252, 251)', 'rgb(27, 31, 38)', 'rgb(31, 87, 164)']);
  t.same(await read('dark'), ['rgb(19, 22, 27)', 'rgb(231, 233, 237)', 'rgb(143, 184, 246)']);
});

t.test('from a phone to a wide screen nothing makes the page scroll sideways', async (t) => {
  for (const width of [360, 768, 1600]) {
    const page = await openReport(t, { viewport: { width, height: 800 } });
    for (const details of await page.locator('details').all())
      await details.evaluate((one) => one.setAttribute('open', ''));
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, `${width} pixels`);
  }
});

t.test('on a phone the table scrolls in its frame and its first column stays', async (t) => {
  const page = await openReport(t, { viewport: { width: 360, height: 800 } });
  const frame = page.locator('.scroll').first();
  const before = await frame.locator('tbody th').first().boundingBox();
  const room = await frame.evaluate((element) => {
    element.scrollLeft = 200;
    return element.scrollWidth - element.clientWidth;
  });
  const after = await frame.locator('tbody th').first().boundingBox();
  t.ok(room > 200, 'there is something to scroll');
  t.equal(after?.x, before?.x);
});

t.test('paper: no controls, no column cut, times opened', async (t) => {
  // A4 lying, 12 mm margins: 273 mm at 96 pixels an inch.
  const page = await openReport(t, { viewport: { width: 1031, height: 700 }, colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  t.notOk(await page.getByRole('searchbox').isVisible());
  t.notOk(await page.locator('nav').isVisible());
  t.ok(await page.locator('.times table').isVisible());
  t.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
  for (const table of await page.locator('table:visible').all()) {
    const box = await table.boundingBox();
    t.ok(box && box.x >= 0 && box.x + box.width <= 1031, `a table ends at ${box && box.x + box.width}`);
  }
});
