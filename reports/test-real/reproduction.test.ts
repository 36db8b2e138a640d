import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import t from 'tap';
import { renderReproduction } from '@lowbit/reports';
import { makeReproduction } from '../test/fixtures/reproduction.js';

const file = path.join(t.testdir(), 'reproduction.html');
const [page] = await renderReproduction(makeReproduction(), ['html']);
writeFileSync(file, page?.content ?? '');
const names = ['chromium', 'chromium-browser', 'google-chrome'];
const executablePath = execFileSync('sh', ['-c', names.map((name) => `command -v ${name}`).join(' || ')], {
  encoding: 'utf8',
}).trim();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
t.teardown(() => browser.close());

t.test('the page opens quietly, sorts, filters and follows its notes, from a phone to a wide screen', async (t) => {
  for (const [width, colorScheme] of [
    [360, 'light'],
    [360, 'dark'],
    [1600, 'light'],
    [1600, 'dark'],
  ] as const) {
    const view = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    view.on('console', (message) => t.fail(`console: ${message.text()}`));
    view.on('pageerror', (error) => t.fail(`error: ${error.message}`));
    view.on('request', (request) => request.url().startsWith(pathToFileURL(file).href) || t.fail(request.url()));
    await view.goto(pathToFileURL(file).href);
    t.equal(await view.evaluate('document.documentElement.scrollWidth'), width, `${width} pixels`);
    const rows = view.locator('#rows-table tbody tr:visible');
    const models = () => rows.locator('td:nth-child(2)').allTextContents();
    t.same(
      await models(),
      ['opt-125m', 'opt-350m', 'opt-66b', 'opt-125m'].map((name) => `facebook/${name}`),
    );
    await view.locator('#rows-table th[data-column="4"] button').click();
    t.equal((await models())[0], 'facebook/opt-350m', '25.000 before 31.200, cells without a figure last');
    await view.getByRole('searchbox', { name: 'Filter' }).fill('opt-66b');
    t.same(await models(), ['facebook/opt-66b']);
    t.equal(await view.getByRole('status').textContent(), '1 of 4 rows');
    await rows.locator('th sup a').first().click();
    t.match(view.url(), /#note-1$/);
    await view.close();
  }
});
