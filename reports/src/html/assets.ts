import { readFile } from 'node:fs/promises';

/** Style and script that go into every page: a page needs nothing beside itself. `sheets` are those of this kind of page. */
export async function readAssets(sheets: readonly string[] = []): Promise<{ style: string; script: string }> {
  return { style: await readStyle(sheets), script: await readScript('enhance.js') };
}

/** Later sheets override earlier ones: phone and paper come last. */
async function readStyle(sheets: readonly string[]): Promise<string> {
  const names = ['theme.css', 'page.css', 'tables.css', ...sheets, 'media.css'];
  const texts = names.map((name) => readFile(new URL(`../../assets/${name}`, import.meta.url), 'utf8'));
  return (await Promise.all(texts)).join('\n');
}

/** The browser's part, compiled beside this file; the pointer to its source map would be a dead link in the report. */
export async function readScript(file: string): Promise<string> {
  const script = await readFile(new URL(file, import.meta.url), 'utf8');
  return script.replace(/^\/\/\/.*\n|^\/\/#.*$/gm, '');
}
