import { escapeLatex, readPrecisely, toCsv, toLatex, toMarkdown, type RunData } from '@lowbit/reports';
import t from 'tap';
import { makeComparedRun } from './fixtures/compared.js';
import { parseLatex } from './fixtures/parse-latex.js';
import { renderOne } from './fixtures/render.js';
import { failCell, findCell, makeRunData } from './fixtures/run-data.js';

t.test('a table a model: best in bold, ties with a dagger, as many cells as columns', async (t) => {
  const run = await makeComparedRun({ float: [0, 0], 'gptq-w4-g64': [3, 0.0001], 'rtn-w4-g64': [6, 0.05] });
  const text = await renderOne(run, 'tex');
  const { rows } = parseLatex(text);
  t.ok(rows.length >= 9 && rows.every(({ cells, columns }) => cells === columns), JSON.stringify(rows[0]));
  t.match(text, /^gptq-w4-g64 & 4 & 4\.31 & \\textbf\{[\d.]+\} \{\\scriptsize\$\\pm\$/m);
  t.match(text, /^rtn-w4-g64 & 4 & 4\.31 & [\d.]+ \{\\scriptsize\$\\pm\$[\d.]+\} & [\d.]+\$\^\{\\dagger\}\$/m);
  t.match(text, '$^{\\dagger}$: not told from the best (paired tests at 5 \\%, Holm\\textquotesingle{}s correction');
  t.notMatch(await renderOne({ ...run, comparisons: undefined }, 'tex'), 'dagger');
});

t.test('cells without a figure say why, and what is measured is left out', async (t) => {
  const run = makeRunData();
  failCell(run, 'gptq-w2-g64', 'piqa', 'The worker died.');
  for (const metric of run.manifest.tasks[1]?.metrics ?? []) metric.measured = true;
  const text = await renderOne(run, 'tex');
  t.match(text, /^gptq-w2-g64 .*failed: METHOD\\_FAILED/m);
  t.notMatch(text, 'arc');
  t.ok(parseLatex(text).rows.length > 0);
});

/** The fixture with more tasks and recipes, copies of its own. */
function enlarge(run: RunData, tasks: number, recipes: number): RunData {
  const add = (recipe: string, task: string, likeRecipe: string, likeTask: string): void => {
    const cell = { ...structuredClone(findCell(run, likeRecipe, likeTask)), recipe, task, digest: `${recipe} ${task}` };
    run.cells.push(cell);
    run.manifest.cells.push({ digest: cell.digest, model: cell.model, recipe, task });
  };
  const piqa = run.manifest.tasks[2];
  for (let i = 0; piqa && i < tasks; i++) {
    run.manifest.tasks.push({ ...piqa, name: `task${i}` });
    for (const { name } of run.manifest.recipes) add(name, `task${i}`, name, 'piqa');
  }
  const gptq = run.manifest.recipes[6];
  for (let i = 0; gptq && i < recipes; i++) {
    run.manifest.recipes.push({ ...gptq, name: `recipe${i}` });
    for (const { name } of run.manifest.tasks) add(`recipe${i}`, name, 'gptq-w4-g64', name);
  }
  return run;
}

t.test('many tasks go on in a next table, many recipes take pages', async (t) => {
  const wide = await renderOne(enlarge(makeRunData(), 6, 0), 'tex');
  t.equal(wide.match(/\\begin\{tabular\}/g)?.length, 3, '17 metrics, 8 at most in a table');
  for (const { cells, columns } of parseLatex(wide).rows) t.ok(cells === columns && columns <= 12);
  for (let i = 0; i < 6; i++) t.match(wide, `{task${i}}`);
  const long = await renderOne(enlarge(makeRunData(), 0, 60), 'tex');
  t.match(long, /\\begin\{longtable\}[\s\S]*\\endhead/);
  t.notMatch(long, '\\begin{table}');
  t.equal(parseLatex(long).rows.length, 69);
});

t.test('what LaTeX would act on is printed', (t) => {
  const cases: [string, string][] = [
    ['\\input{x}', '\\textbackslash{}input\\{x\\}'],
    ['a_b & 5 % #1 $x^2$ ~', 'a\\_b \\& 5 \\% \\#1 \\$x\\textasciicircum{}2\\$ \\textasciitilde{}'],
    ['a\n\nb\u0007c\u202ed', 'a b cd'],
    ['[2pt] x', '{[}2pt] x'],
    ['*', '{*}'],
    ['a--b ?`', 'a-{}-b ?\\textasciigrave{}'],
    ['\u22121.5 \u2248 \u221e', '$-$1.5 $\\approx$ $\\infty$'],
  ];
  for (const [text, expected] of cases) t.equal(escapeLatex(text), expected);
  t.end();
});

t.test('one table in three forms', (t) => {
  const table = {
    groups: [
      { label: '', span: 1 },
      { label: 'piqa', span: 2 },
    ],
    columns: [
      { label: 'recipe', isText: true },
      { label: 'acc, %', isText: false },
      { label: 'kl', isText: false },
    ],
    rows: [
      [
        { text: '=a|b', value: '1' },
        { text: '61.2', stderr: '1.1', delta: '+0.5', mark: 'tie' as const, value: '61.2345' },
        { text: '–' },
      ],
    ],
  };
  t.equal(
    toMarkdown(table),
    [
      '| recipe |           piqa acc, % | piqa kl |',
      '| ------ | --------------------: | ------: |',
      '| \\=a\\|b | **61.2** ± 1.1 (+0.5) |       – |',
    ].join('\n'),
  );
  t.equal(toCsv(table), 'recipe,"piqa acc, %",piqa kl\n\'=a|b,61.2345,–', 'text where the column is text');
  t.equal(
    toLatex(table),
    [
      '\\begin{tabular}{lrr}',
      '\\toprule',
      ' & \\multicolumn{2}{c}{piqa} \\\\',
      '\\cmidrule(lr){2-3}',
      'recipe & acc, \\% & kl \\\\',
      '\\midrule',
      '=a\\textbar{}b & 61.2$^{\\dagger}$ {\\scriptsize$\\pm$1.1} & \\textendash{} \\\\',
      '\\bottomrule',
      '\\end{tabular}',
    ].join('\n'),
  );
  t.end();
});

t.test('a figure with every digit is in the unit of what is shown', (t) => {
  const cases: [shown: string, key: string, expected: string | undefined][] = [
    ['61.2', '0.612345', '61.2345'],
    ['20.51', '20.5123456789', '20.5123456789'],
    ['12,345', '12345.4', '12345.4'],
    ['\u22124.10 points', '-0.0410321', '-4.10321 points'],
    ['\u25b2 +0.5', '0.0049', '0.49'],
    ['1.23e\u22125', '0.0000123456', '0.0000123456'],
    ['0.0', '0', '0'],
    // Of 0.04 percent and 0.0004 either could be meant.
    ['0.0', '0.0004', undefined],
    ['2025-11-22 05:18 UTC', '1763788680000', undefined],
    ['2 float, rtn', '2', undefined],
    ['1.42 GiB', '1524713390', undefined],
    ['\u2013', '', undefined],
    ['7', '', undefined],
  ];
  for (const [shown, key, expected] of cases) t.equal(readPrecisely(shown, key), expected, `${shown}, ${key}`);
  t.end();
});
