import { join } from 'node:path';
import t from 'tap';
import { matchesCell, parseNightly } from '@lowbit/history';

const file = join('/', 'somewhere', 'nightly.json');

t.test('defaults are filled in, paths are relative to the file', (t) => {
  t.match(parseNightly({ experiment: '../experiment.json' }, file), {
    experiment: join('/', 'experiment.json'),
    history: join('/', 'somewhere', 'history'),
    ...{
      baseline: 'main',
      tolerances: {},
      level: 0.95,
      measure: [],
      trials: 5,
      crowding: 0.05,
      pause: 30,
      keep: 90,
      notes: [],
    },
  });
  const config = parseNightly({ experiment: { name: 'inline' }, measure: [{ recipe: 'gptq*' }] }, file);
  t.same(config.experiment, { name: 'inline' });
  t.same(config.measure, [{ model: '*', recipe: 'gptq*', task: '*' }]);
  t.end();
});

for (const [value, message] of [
  [{ experiment: 'a', baselin: 'main' }, /'baselin'; did you mean 'baseline'/],
  [{}, /'experiment' of .*, got nothing/],
  [{ experiment: 'a', keep: 1 }, /'keep' of .*, got 1; use at least 2/],
  [{ experiment: 'a', tolerances: { perplexity: -1 } }, /'tolerances\.perplexity'/],
  [{ experiment: 'a', measure: [{ recipes: 'x' }] }, /'recipes'/],
  [{ experiment: 'a', baseline: '../x' }, /letters, digits/],
  ['text', /got "text"/],
] as const)
  t.test(`refused: ${JSON.stringify(value)}`, (t) => {
    t.throws(() => parseNightly(value, file), { code: 'EXPERIMENT_OPTION', message });
    t.end();
  });

t.test('patterns take every character but the star as it is', (t) => {
  const cell = { model: 'm', recipe: 'gptq(bits=4){*.down_proj:bits=8}', task: 'wikitext2' };
  const fits = (recipe: string): boolean => matchesCell([{ model: '*', recipe, task: '*' }], cell);
  t.ok(fits('gptq(*'));
  t.ok(fits(cell.recipe), 'its own name');
  t.notOk(fits('gptq'));
  t.notOk(fits('.*'));
  t.notOk(matchesCell([], cell));
  t.end();
});
