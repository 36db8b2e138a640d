import { buildResultTables, escapeMarkdown, renderResults } from '@lowbit/reports';
import t from 'tap';
import { renderOne } from './fixtures/render.js';
import { failCell, findCell, makeRunData } from './fixtures/run-data.js';

t.test('the table is aligned and holds value, error and difference', async (t) => {
  const run = makeRunData();
  Object.assign(findCell(run, 'float', 'wikitext2').rows[0] ?? {}, { value: 20, stderr: 0.5 });
  Object.assign(findCell(run, 'gptq-w4-g64', 'wikitext2').rows[0] ?? {}, { value: 21.5, stderr: undefined });
  failCell(run, 'gptq-w2-g64', 'piqa', 'No.');
  run.cells = run.cells.filter((cell) => cell !== findCell(run, 'rtn-w2-g64', 'piqa'));
  run.manifest.cells = run.manifest.cells.filter((key) => !(key.recipe === 'rtn-w3-g64' && key.task === 'piqa'));
  const [table] = buildResultTables(run);
  if (!table) return t.fail('no table');
  const lines = renderResults(table).split('\n');
  t.equal(new Set(lines.map((line) => [...line].length)).size, 1, 'all lines have one length');
  const cells = lines.map((line) => line.split('|').map((cell) => cell.trim()));
  t.same(cells[0]?.slice(1, 6), ['recipe', 'bits', 'bits per weight', 'wikitext2 perplexity ↓', 'arc_easy acc, % ↑']);
  t.same(cells[2]?.slice(1, 5), ['float', '–', '16.00', '20.00 ± 0.50']);
  t.same(cells[3]?.slice(1, 5), ['gptq-w4-g64', '4', '4.31', '**21.50** (+1.50)']);
  t.equal(cells[7]?.[7], 'failed: METHOD_FAILED');
  t.equal(cells[8]?.[7], 'no result yet');
  t.equal(cells[6]?.[7], '–');
  t.equal(cells[7]?.at(-2), '1', 'fallbacks');
});

t.test('the document has the sentence, the notes and the protocol', async (t) => {
  const run = makeRunData({ models: ['one', 'two'] });
  const text = await renderOne(run, 'md');
  t.match(text, /^# RTN and GPTQ at 4, 3 and 2 bits\n\none, wikitext2 perplexity: float 19\.92; /);
  t.match(text, '- The perplexity text is part of what the model was trained on (in-sample).\n');
  t.match(text, '\n## one\n');
  t.match(text, '\n## two\n');
  t.match(text, 'Run first, created 2025-11-22 05:18 UTC.');
  t.match(text, findCell(run, 'float', 'piqa').counts.tokenSha256);
  t.match(
    text,
    '- gptq-w4-g64: gptq v1.0.0 bits=4 groupSize=64 symmetric=false blockSize=128 dampPercent=0.01 actOrder=off',
  );
  t.match(text, '- float: the checkpoint itself');
  t.match(text, '- Samples: 32 × 512 tokens');
  t.match(text, '- Kernels: native, avx2');
});

t.test('shots and chat template stand beside the task', async (t) => {
  const run = makeRunData();
  Object.assign(run.manifest.tasks[1] ?? {}, { fewShot: 5 });
  Object.assign(run.manifest.tasks[2] ?? {}, { fewShot: 0, chatTemplate: 'multi-turn' });
  const text = await renderOne(run, 'md');
  t.match(text, /arc_easy v[\w.]+, 5-shot +\|/);
  t.match(text, /piqa v[\w.]+, 0-shot, chat template \(multi-turn\) +\|/);
  const html = await renderOne(run, 'html');
  t.match(html, '<small>5-shot</small>');
  t.match(html, '<small>0-shot, chat template (multi-turn)</small>');
  const [head = '', ...lines] = (await renderOne(run, 'csv')).split('\n').map((line) => line.split(','));
  const column = head.indexOf('fewShot');
  t.strictSame([...new Set(lines.filter((line) => line.includes('piqa')).map((line) => line[column]))], ['0']);
});

t.test('markup in names comes out as text', async (t) => {
  t.equal(
    escapeMarkdown('a|b <i>x</i> *y* `z` [l](u) ~s~ &amp; \\'),
    'a\\|b \\<i\\>x\\</i\\> \\*y\\* \\`z\\` \\[l\\](u) \\~s\\~ \\&amp; \\\\',
  );
  t.equal(escapeMarkdown('_emphasis_ arc_easy'), '\\_emphasis\\_ arc_easy');
  t.equal(escapeMarkdown('# no\n\nheading'), '\\# no heading');
  t.equal(escapeMarkdown('- no list'), '\\- no list');
  t.equal(escapeMarkdown('1. no list'), '1\\. no list');
  t.equal(escapeMarkdown('1.5 bits'), '1.5 bits');
  const text = await renderOne(makeRunData({ models: ['<script>|'] }), 'md');
  t.notMatch(text, /(^|[^\\])<script/);
});

t.test('a protocol is text as well, and may be missing', async (t) => {
  const run = makeRunData();
  const [, task] = run.manifest.tasks;
  for (const metric of task?.metrics ?? []) metric.measured = true;
  const setProtocol = (protocol: string | undefined): void => {
    for (const row of run.cells.flatMap(({ rows }) => rows)) if (row.task === task?.name) row.protocol = protocol;
  };
  setProtocol('<b>|');
  t.match(await renderOne(run, 'md'), /^Measured, .*\(\\<b\\>\\\|\)/m);
  setProtocol(undefined);
  const text = await renderOne(run, 'md');
  t.match(text, /^Measured, .*\(–\)/m);
  t.notMatch(text, 'undefined');
});
