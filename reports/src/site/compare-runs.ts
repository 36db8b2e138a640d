/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// Runs in the reader's browser: fills `compare.html` from the address, before the common script makes its tables sortable.
import { formatBeside, formatPlainDifference } from '../difference/format-figures.js';
import { isHash } from '../difference/hash.js';
import { differFacts, pairFigures, type FigurePair } from './compare-figures.js';
import type { RunFigures } from './run-figures.js';

const choices = ['a', 'b'].map((name) => document.querySelector<HTMLSelectElement>(`#choice-${name}`));
document.querySelector<HTMLElement>('#choice')?.removeAttribute('hidden');

const [slugA = '', slugB = ''] = readAddress();
choices.forEach((choice, place) => {
  if (choice) choice.value = [slugA, slugB][place] ?? '';
});
// By a button, not by each change: who chooses with the arrow keys passes many on the way.
document.querySelector('#choice')?.addEventListener('submit', (event) => {
  event.preventDefault();
  goTo(choices.map((each) => each?.value ?? ''));
});
document.querySelector('#swap')?.addEventListener('click', () => goTo([slugB, slugA]));
addEventListener('hashchange', () => {
  if (new URLSearchParams(location.hash.slice(1)).has('a')) location.reload();
});

if (slugA !== '' && slugB !== '') await show();
else say('Choose two runs: their figures are then shown side by side.');

/** Only runs of the list: nothing else is loaded, whatever the address says. */
function readAddress(): string[] {
  const asked = new URLSearchParams(location.hash.slice(1));
  const known = new Set([...(choices[0]?.options ?? [])].map(({ value }) => value));
  return ['a', 'b'].map((name) => asked.get(name) ?? '').map((slug) => (known.has(slug) ? slug : ''));
}

/** The fragment alone changes, which loads the page anew by its event. */
function goTo([a = '', b = '']: readonly string[]): void {
  location.hash = new URLSearchParams({ a, b }).toString();
}

function say(text: string): void {
  const outcome = document.querySelector('#outcome');
  if (outcome) outcome.textContent = text;
}

async function show(): Promise<void> {
  const runs = await Promise.all([slugA, slugB].map(loadRun));
  const [before, after] = runs;
  if (!before || !after) {
    const missing = before ? slugB : slugA;
    say(`The figures of ${missing} did not load: data/${missing}.js should lie beside this page.`);
    return;
  }
  const pairs = pairFigures(before, after);
  say(summarise(pairs));
  fill('#figures', pairs.map(writePair));
  fill(
    '#changes',
    differFacts(before, after).map((fact) => writeCells([fact.what, fact.of || '–', fact.before, fact.after], 'text')),
  );
  showPrepared();
}

/** A script element: pages on a disk may not read files, but run them. */
function loadRun(slug: string): Promise<RunFigures | undefined> {
  return new Promise((resolve) => {
    const script = document.createElement('script');
    script.src = `data/${slug}.js`;
    const runs = (): Record<string, RunFigures> | undefined =>
      (globalThis as { lowbitRuns?: Record<string, RunFigures> }).lowbitRuns;
    script.onload = () => resolve(runs()?.[slug]);
    script.onerror = () => resolve(undefined);
    document.head.append(script);
  });
}

function summarise(pairs: readonly FigurePair[]): string {
  const count = (wanted: FigurePair['sense']): number => pairs.filter(({ sense }) => sense === wanted).length;
  const rest = pairs.length - count('better') - count('worse') - count('near');
  if (pairs.length === 0) return 'Neither run has a figure.';
  if (rest === pairs.length) return `None of the ${pairs.length} figures can be compared.`;
  const parts = [`${count('better')} better`, `${count('worse')} worse`, `${count('near')} equal`];
  return `Of ${pairs.length} figures ${parts.join(', ')}${rest > 0 ? `, ${rest} not comparable or in one run only` : ''}.`;
}

function showPrepared(): void {
  const place = document.querySelector<HTMLElement>('#prepared');
  const link = [...document.querySelectorAll<HTMLAnchorElement>('[data-pair]')].find(
    (each) => each.dataset['pair'] === `${slugA}--${slugB}`,
  );
  const target = place?.querySelector('a');
  if (!place || !link || !target) return;
  target.href = link.href;
  place.hidden = false;
}

function fill(section: string, rows: readonly HTMLTableRowElement[]): void {
  const place = document.querySelector<HTMLElement>(section);
  if (rows.length === 0 || !place) return;
  place.hidden = false;
  place.querySelector('tbody')?.append(...rows);
}

function writePair(pair: FigurePair): HTMLTableRowElement {
  const values = [pair.before?.value ?? undefined, pair.after?.value ?? undefined];
  const [before = '', after = ''] = formatBeside(values, pair);
  const row = writeCells(
    [
      pair.recipe,
      pair.model,
      `${pair.task} ${pair.metric}${pair.metric === '' ? '' : pair.higherIsBetter ? ' ↑' : ' ↓'}`,
    ],
    'text',
  );
  row.append(
    figureCell(before, pair.before?.value, pair.before?.stderr, pair),
    figureCell(after, pair.after?.value, pair.after?.stderr, pair),
    differenceCell(pair),
    ...writeCells(['', pair.note], 'rests').querySelectorAll('td'),
  );
  return row;
}

function figureCell(
  text: string,
  value: number | null | undefined,
  stderr: number | null | undefined,
  pair: FigurePair,
): HTMLTableCellElement {
  const cell = document.createElement('td');
  const shown = element('span', 'value', text);
  if (typeof stderr === 'number') shown.append(' ', element('small', '', `± ${formatBeside([stderr], pair)[0] ?? ''}`));
  cell.dataset['sort'] = typeof value === 'number' ? String(value) : '';
  cell.append(shown);
  return cell;
}

function differenceCell({ difference, sense, metric }: FigurePair): HTMLTableCellElement {
  const cell = document.createElement('td');
  cell.dataset['sort'] = difference === undefined ? '' : String(difference);
  if (difference === undefined || sense === undefined) {
    cell.append('–');
    return cell;
  }
  const sign = { better: '▲', worse: '▼', near: '=' }[sense];
  const mark = element('span', `verdict ${sense}`, '');
  const hidden = element('span', '', sign);
  hidden.setAttribute('aria-hidden', 'true');
  mark.append(
    hidden,
    ` ${formatPlainDifference(difference, metric)}`,
    element('span', 'hidden', sense === 'near' ? '' : `, ${sense}`),
  );
  cell.append(mark);
  return cell;
}

function writeCells(texts: readonly string[], className: string): HTMLTableRowElement {
  const row = document.createElement('tr');
  texts.forEach((text, place) => {
    const cell = element(place === 0 ? 'th' : 'td', place === 0 ? '' : className, '');
    if (place === 0) cell.setAttribute('scope', 'row');
    if (isHash(text)) cell.append(hashElement(text));
    else cell.append(...breakable(text));
    row.append(cell);
  });
  return row;
}

/** A recipe's name may end a line behind what joins its parts. */
function breakable(text: string): Node[] {
  const parts = text.match(/[^,+(=]+[,+(=]*|[,+(=]+/g) ?? [];
  return parts.flatMap((part) => [document.createTextNode(part), document.createElement('wbr')]);
}

/** Shown short, copied whole. */
function hashElement(text: string): HTMLElement {
  const code = element('code', 'hash', text);
  code.title = text;
  return code;
}

function element(name: string, className: string, text: string): HTMLElement {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.textContent = text;
  return made;
}
