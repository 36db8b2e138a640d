/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// Runs in the reader's browser: `assets.ts` puts the compiled files into each page. A page is complete without them;
// this adds sorting, the filter and copying, and keeps what was chosen in the address.
import { addCopying } from './copy-table.js';
import { addFilter } from './filter-table.js';
import { addSorting, sortOrders } from './sort-table.js';

for (const table of document.querySelectorAll<HTMLTableElement>('table[data-sortable]')) {
  const body = table.tBodies[0];
  if (!body) continue;
  const [sortKey, filterKey] = [`${table.id}.sort`, `${table.id}.filter`];
  const sorting = addSorting(table, body, (column, order) =>
    keepInAddress(sortKey, order === 'none' ? '' : `${column}-${order}`),
  );
  const filter = addFilter(table, body, (text) => keepInAddress(filterKey, text.trim()));
  const chosen = new URLSearchParams(location.search);
  const [, column, order] = /^(\d+)-(\w+)$/.exec(chosen.get(sortKey) ?? '') ?? [];
  const known = sortOrders.find((each) => each === order);
  if (known) sorting.sort(Number(column), known);
  const words = chosen.get(filterKey);
  if (words) filter?.filter(words);
}

for (const table of document.querySelectorAll<HTMLTableElement>('table[data-copy]')) addCopying(table);

/** The query, so that the fragment is left to links; the history stays as it is. */
function keepInAddress(key: string, value: string): void {
  const address = new URL(location.href);
  if (value === '') address.searchParams.delete(key);
  else address.searchParams.set(key, value);
  try {
    history.replaceState(null, '', address);
  } catch {
    // Some browsers refuse it for files: the page works, its address does not follow.
  }
}

/** What a link points at may lie in something closed, or its place may have moved with the order of rows. */
function showTarget(): void {
  const target = location.hash === '' ? null : document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let details = target.closest('details'); details; details = details.parentElement?.closest('details') ?? null)
    details.open = true;
  target.scrollIntoView();
}
addEventListener('hashchange', showTarget);
showTarget();
