import t from 'tap';
import type { Reproduction } from '@lowbit/core';
import { renderReproduction, summariseReproduction } from '@lowbit/reports';
import type { ReproductionFormat } from '@lowbit/reports';
import { evilNames } from './fixtures/evil-names.js';
import { parseCsv } from './fixtures/parse-csv.js';
import { makeReproduction, makeRow } from './fixtures/reproduction.js';

async function render(reproduction: Reproduction, format: ReproductionFormat): Promise<string> {
  const [file] = await renderReproduction(reproduction, [format]);
  return file?.content ?? '';
}

t.test('the finding counts verdicts and names what is outside', (t) => {
  t.equal(
    summariseReproduction(makeReproduction()),
    '4 rows: 1 within its tolerance, 1 outside (GPTQ, 4 bits of facebook/opt-350m), 1 not run, 1 not covered.',
  );
  t.equal(summariseReproduction(makeReproduction({ rows: [makeRow()] })), '1 row: 1 within its tolerance.');
  t.end();
});

t.test('a row has value, ours, difference, tolerance and verdict in every format', async (t) => {
  const markdown = await render(makeReproduction(), 'md');
  t.match(
    markdown,
    '| GPTQ, 4 bits | facebook/opt-125m | wikitext2 perplexity | 31.12 | 31.200 | +0.080 | ± 0.320 | within |',
  );
  t.match(markdown, '**outside**');
  t.match(
    markdown,
    /OmniQuant \| .* \| wikitext2 acc, % \| 46\.05 \|  \|  \|  \| not covered: OmniQuant is not a method/,
  );
  t.match(markdown, '- facebook/opt-66b (122 GiB): hf download facebook/opt-66b');
  const latex = await render(makeReproduction(), 'tex');
  t.match(
    latex,
    'GPTQ, 4 bits & facebook/opt-125m & wikitext2 perplexity & 31.12 & 31.200 & +0.080 & $\\pm$0.320 & within \\\\',
  );
  t.match(latex, /\\toprule[^]*\\midrule[^]*\\bottomrule/);
  t.match(latex, '\\textbf{25.000}');
  const lines = parseCsv(await render(makeReproduction(), 'csv'));
  t.equal(lines.length, 4);
  t.equal(lines[0]?.['ours'], '31.2');
  t.equal(lines[2]?.['ours'], '', 'no figure is no zero');
  t.equal(lines[3]?.['expected'], '0.4605');
  t.same(JSON.parse(await render(makeReproduction(), 'json')).rows.length, 4);
  const html = await render(makeReproduction(), 'html');
  t.match(html, /<td data-sort="25">[^]*?25\.000/);
  t.match(html, '<b>outside</b>');
  t.match(html, 'id="tolerance-a"');
  t.match(html, /<li id="note-1">Calibrated on other text\.<\/li>/);
  t.match(html, '122 GiB');
});

t.test('a stand-in says so, in the page and the titles of its columns', async (t) => {
  const standIn = makeReproduction({ isStandIn: true });
  const html = await render(standIn, 'html');
  t.match(html, 'Lowbit stand-in: no values of a paper');
  t.match(html, />Recorded</);
  t.notMatch(html, />Paper</);
  t.match(await render(standIn, 'md'), '| Recorded |');
  t.match(await render(standIn, 'csv'), '\ngptq-t3,true,');
});

t.test('names come out inert in every format', async (t) => {
  for (const name of evilNames) {
    const row = makeRow({
      method: name,
      model: name,
      recipe: name,
      source: name,
      notes: [name],
      verdict: 'not run',
      reason: name,
    });
    const reproduction = makeReproduction({
      ...{ title: name, source: name, table: name, notes: [name], rows: [row] },
      missing: [{ kind: 'data', name, cure: name, bytes: undefined }],
    });
    const html = await render(reproduction, 'html');
    t.notMatch(html, '<img', name);
    t.equal((html.match(/<script/g) ?? []).length, 1);
    for (const line of parseCsv(await render(reproduction, 'csv')))
      for (const cell of Object.values(line)) t.notMatch(cell, /^\s*[=+@]/, name);
    const latex = (await render(reproduction, 'tex')).split('\n');
    const body = latex.filter((line) => line.includes('wikitext2'));
    t.equal(body.length, 1, 'a row is one line');
    t.equal((body[0]?.match(/(?<!\\)&/g) ?? []).length, 7, 'no column more');
    t.notMatch(latex.join('\n'), /\\(?:input|write|def)/);
    t.notMatch(body[0], /(?<!\\)[#%_~^]/);
    const markdown = await render(reproduction, 'md');
    t.notMatch(markdown, /(?<!\\)<img|(?<!\\)\[link/, name);
    const cells = markdown.split('\n').filter((line) => line.startsWith('| ') && line.includes('wikitext2'));
    t.equal((cells[0]?.match(/(?<!\\)\|/g) ?? []).length, 9, 'no column more');
  }
});
