import { renderReport, type RunData } from '@lowbit/reports';
import t from 'tap';
import { parseCsv } from './fixtures/parse-csv.js';
import { parseLatex } from './fixtures/parse-latex.js';
import { makeComparedRun } from './fixtures/compared.js';
import { evilNames } from './fixtures/evil-names.js';
import { textOf } from './fixtures/text-of.js';

const compared = await makeComparedRun({ float: [0, 0], 'gptq-w4-g64': [3, 0.001], 'rtn-w4-g64': [6, 0.05] });

/** The fixture with every name of a reader's choosing replaced: recipes, model, task, title, method, layer, source, note. */
function makeEvilRun(evil: string): RunData {
  const run = structuredClone(compared);
  const { manifest } = run;
  const rename = (name: string): string => (name === 'float' ? name : `${evil}${name}`);
  manifest.recipes = manifest.recipes.slice(0, 1).concat(manifest.recipes.filter(({ bits }) => bits === 4));
  manifest.cells = manifest.cells.filter(({ recipe }) => manifest.recipes.some(({ name }) => name === recipe));
  Object.assign(manifest, { title: evil, notes: [evil], name: evil });
  manifest.environment.processor = evil;
  manifest.methods = [{ name: `${evil}gptq`, description: evil, source: evil }];
  for (const model of manifest.models) Object.assign(model, { name: rename(model.name), family: evil });
  for (const recipe of manifest.recipes) {
    recipe.name = rename(recipe.name);
    for (const step of recipe.steps) {
      step.method = rename(step.method);
      step.options[evil] = evil;
    }
  }
  for (const task of manifest.tasks) Object.assign(task, { name: rename(task.name), source: evil, description: evil });
  const { intervals = [], pairs = [] } = run.comparisons ?? {};
  for (const each of [
    ...manifest.cells,
    ...run.cells,
    ...run.cells.flatMap(({ rows }) => rows),
    ...intervals,
    ...pairs,
  ])
    Object.assign(each, { recipe: rename(each.recipe), task: rename(each.task), model: rename(each.model) });
  for (const pair of pairs) pair.against = rename(pair.against);
  for (const cell of run.cells) {
    for (const layer of cell.layers)
      Object.assign(layer, { layer: `${evil}.${layer.layer}`, fallback: evil, notes: { [evil]: evil } });
    cell.klHistogram = { low: 1e-6, perDecade: 8, counts: Array.from({ length: 66 }, (_, i) => i) };
  }
  return run;
}

/** Tags and attributes of a page, its own style and script aside. */
function readMarkup(html: string): { tags: string[]; attributes: string[] } {
  const body = html.replace(/<style>[^]*?<\/style>/, '').replace(/<script type="module">[^]*?<\/script>/, '');
  const tags = [...body.matchAll(/<(\/?[a-z!][^\s>]*)((?:[^>"]|"[^"]*")*)>/gi)];
  return {
    tags: tags.map(([, tag = '']) => tag.toLowerCase()),
    attributes: tags.flatMap(([, , rest = '']) =>
      [...rest.replace(/"[^"]*"/g, '""').matchAll(/\s([\w:-]+)/g)].map(([, name = '']) => name),
    ),
  };
}

const formats = ['html', 'csv', 'md', 'tex', 'json'] as const;
const plain = await renderReport(makeEvilRun('plain '), formats);
const known = plain.filter(({ file }) => file.endsWith('.html')).map(({ content }) => readMarkup(content));
const tags = new Set(known.flatMap((each) => each.tags));
const commands = parseLatex(plain.find(({ file }) => file === 'report.tex')?.content ?? '').commands;

for (const evil of evilNames)
  t.test(`a report of ${JSON.stringify(evil)}`, async (t) => {
    const files = await renderReport(makeEvilRun(evil), formats);
    t.equal(files.length, plain.length);
    for (const { file, content } of files) {
      t.match(file, /^(?:report|comparisons|recipes\/[a-z0-9._-]+)\.(?:html|csv|md|tex|json)$/);
      if (file.endsWith('.html')) {
        const markup = readMarkup(content);
        t.same(
          [...new Set(markup.tags)].filter((tag) => !tags.has(tag)),
          [],
          `${file}: no tag of a name`,
        );
        t.same(
          markup.attributes.filter((name) => /^on/i.test(name)),
          [],
          `${file}: no handler`,
        );
        t.notMatch(content, /(?:href|src)="\s*(?:javascript:|data:text|[a-z]+:\/\/)/i);
        t.equal(content.match(/<script/g)?.length, 1);
      } else if (file.endsWith('.csv')) {
        const rows = parseCsv(content.replaceAll('\r', ''));
        t.ok(rows.length > 5);
        for (const field of rows.flatMap(Object.values).filter((each) => Number.isNaN(Number(each))))
          if (/^[\s\0]*[=+@\-＝＋－＠]/.test(field)) t.fail(`${file}: ${JSON.stringify(field)} would be run`);
      } else if (file.endsWith('.tex')) {
        const { commands: used, rows } = parseLatex(content);
        t.same(
          [...used].filter((name) => !commands.has(name) && !/^(?:text|char)/.test(name)),
          [],
          'no command of a name',
        );
        t.ok(
          rows.every(({ cells, columns }) => cells === columns),
          'no column of a name',
        );
      } else if (file.endsWith('.md')) {
        t.notMatch(content, /(?<!\\)<(?:script|img|b|\/)/i);
        t.notMatch(content, /(?<!\\)\]\(/, 'no link');
        const table = content.split('\n').filter((line) => line.startsWith('|'));
        const widths = table.map((line) => line.match(/(?<!\\)\|/g)?.length);
        t.ok(new Set(widths).size <= 2 && table.length > 6, `two tables, ${widths.join(' ')}`);
      } else t.ok(JSON.parse(content));
    }
  });

t.test('and the name is there as text', async (t) => {
  const [report] = await renderReport(makeEvilRun('<b>a</b> & "c" '), ['html']);
  t.match(textOf(report?.content ?? ''), `<b>a</b> & "c" gptq-w4-g64`);
  t.match(report?.content, /<text[^>]*>&lt;b&gt;a&lt;\/b&gt;/, 'in a plot as well');
});
