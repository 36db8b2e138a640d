import { readFile } from 'node:fs/promises';

/** Style and script that go into every page: a page needs nothing beside itself. */
export async function readAssets(): Promise<{ style: string; script: string }> {
  return { style: await readStyle(), script: await readScript() };
}

/** Later sheets override earlier ones: phone and paper come last. */
const styleSheets = ['theme.css', 'page.css', 'tables.css', 'media.css'];

async function readStyle(): Promise<string> {
  const sheets = styleSheets.map((name) => readFile(new URL(`../../assets/${name}`, import.meta.url), 'utf8'));
  return (await Promise.all(sheets)).join('\n');
}

/** The browser's part, compiled beside this file; the pointer to its source map would be a dead link in the report. */
async function readScript(): Promise<string> {
  const script = await readFile(new URL('enhance.js', import.meta.url), 'utf8');
  return script.replace(/^\/\/\/.*\n|^\/\/#.*$/gm, '');
}
