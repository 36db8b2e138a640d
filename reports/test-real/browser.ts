import { execFileSync } from 'node:child_process';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { Test } from 'tap';

/** Debian's package or another Chromium of the machine. */
export async function launchBrowser(t: Pick<Test, 'teardown'>): Promise<Browser> {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const found = execFileSync('sh', ['-c', names.map((name) => `command -v ${name}`).join(' || ')], {
    encoding: 'utf8',
  });
  const browser = await chromium.launch({ executablePath: found.trim(), args: ['--no-sandbox', '--disable-gpu'] });
  t.teardown(() => browser.close());
  return browser;
}

type Tap = Pick<Test, 'fail' | 'teardown'>;

/** A page in a window of its own; a message on the console, an error, or a request beyond `root` fails the test. */
export async function openPage(
  t: Tap,
  browser: Browser,
  address: string,
  root: string,
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<Page> {
  const page = await browser.newPage(options);
  page.on('console', (message) => t.fail(`console of ${address}: ${message.text()}`));
  page.on('pageerror', (error) => t.fail(`error in ${address}: ${error.message}`));
  page.on('request', (request) => request.url().startsWith(root) || t.fail(`${address} asked for ${request.url()}`));
  t.teardown(() => page.close());
  await page.goto(address);
  return page;
}
