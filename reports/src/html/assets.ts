import { readFile } from 'node:fs/promises';

/** Style and script that go into every page: a page needs nothing beside itself. `sheets` are those of this kind of page. */
export async function readAssets(sheets: readonly string[] = []): Promise<{ style: string; script: string }> {
  return { style: await readStyle(sheets), script: await readScript(scripts) };
}

/** Later sheets override earlier ones: those of a kind of page come after the common ones, phone and paper last. */
const styleSheets = ['theme.css', 'page.css', 'tables.css', 'controls.css', 'charts.css'];

/** What runs in the browser, what is imported before what imports it: compiled, they become one module. */
const scripts = [
  '../escape-markdown.js',
  '../escape-latex.js',
  '../guard-formula.js',
  '../text-table.js',
  'sort-table.js',
  'filter-table.js',
  'read-table.js',
  'copy-table.js',
  'enhance.js',
];

async function readStyle(extra: readonly string[]): Promise<string> {
  const names = [...styleSheets, ...extra, 'media.css'];
  const sheets = names.map((name) => readFile(new URL(`../../assets/${name}`, import.meta.url), 'utf8'));
  return (await Promise.all(sheets)).join('\n').replace(/\/\*[^]*?\*\/\n?/g, '');
}

/** Modules by their paths from this one, as one. */
export async function readScript(names: readonly string[]): Promise<string> {
  const modules = names.map((name) => readFile(new URL(name, import.meta.url), 'utf8'));
  return (await Promise.all(modules)).map(joinable).join('');
}

/** Without imports and exports, which one module does not need, comments, indents, and the pointer to a source map that is not there. */
function joinable(module: string): string {
  return module
    .replace(/^\s*\/\*\*[^]*?\*\/\n/gm, '')
    .replace(/^\s*\/\/.*\n?/gm, '')
    .replace(/^import .*\n/gm, '')
    .replace(/^ +/gm, '')
    .replace(/^export (?=(?:async )?function|const|class)/gm, '');
}
