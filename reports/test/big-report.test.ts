import { renderReport } from '@lowbit/reports';
import t from 'tap';
import { makeBigRun } from './fixtures/big-run.js';

t.test('200 recipes on 20 tasks stay below 5 MB, and the page says what is elsewhere', async (t) => {
  const [report, ...pages] = await renderReport(makeBigRun(), ['html']);
  const size = Buffer.byteLength(report?.content ?? '');
  t.ok(size > 2_000_000 && size < 5_000_000, `${size} bytes`);
  t.equal(pages.length, 200);
  const largest = Math.max(...pages.map(({ content }) => Buffer.byteLength(content)));
  t.ok(largest > 50_000 && largest < 500_000, `${largest} bytes of a recipe`);
  const content = report?.content ?? '';
  const [main = '', more = ''] = content.match(/<table class="results"[^]*?<\/table>/g) ?? [];
  for (const table of [main, more]) t.equal(table.match(/<tr[^>]*><th scope="row"/g)?.length, 200);
  const columns = (table: string): number => table.match(/<th scope="col" data-column/g)?.length ?? 0;
  t.equal(columns(main), 20, 'one metric a task');
  t.equal(columns(main) + columns(more), 3 + 19 * 4, 'and all others, but the quantiles that no table has');
  t.match(content, "are on the recipes' pages");
  t.match(content, 'too many for a page, all are in comparisons.csv');
  t.match(content, 'of 199 recipes those on the Pareto fronts');
  t.match(content, '199 recipes, on the Pareto front gptq-', 'a picture is read out by its front');
});
