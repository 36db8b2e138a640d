import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import t from 'tap';
import { publishedLines } from '../test/fixtures/published-lines.js';

t.test('the fixture is the reference list of published values, no line lost and no figure mistyped', (t) => {
  const text = readFileSync(resolve('..', 'shared', 'reference', 'published-values.md'), 'utf8');
  const lines = text
    .split('\n')
    .filter((line) => /^\| (?!Method \|)/.test(line))
    .map((line) => {
      const [method, where, model, , setting, value = ''] = line
        .split('|')
        .slice(1)
        .map((cell) => cell.trim());
      return {
        line: [method, where, model, setting].join(' | '),
        figures: (value.match(/(?<![\d.])\d*\.\d+/g) ?? []).join(' '),
      };
    });
  t.ok(lines.length > 40);
  t.same(
    publishedLines.map(({ line, figures }) => ({ line, figures })),
    lines,
  );
  t.end();
});
