import { ConfigReader } from '@lowbit/core';
import t from 'tap';

const reader = (values: Record<string, unknown>) => new ConfigReader(values, 'config.json');

t.test('values of the right type, and fallbacks where a key is absent or null', async (t) => {
  const config = reader({ a: 3, b: 0.5, c: false, d: 'x', e: [1, 2], f: ['x'], none: null, g: { h: 1 } });
  t.equal(config.integer('a'), 3);
  t.equal(config.integer('none', { fallback: 7 }), 7);
  t.equal(config.number('b'), 0.5);
  t.equal(config.number('z', { fallback: 2 }), 2);
  t.equal(config.boolean('c'), false);
  t.equal(config.boolean('none', true), true);
  t.equal(config.string('d'), 'x');
  t.equal(config.choice('d', { x: 1 }), 1);
  t.equal(config.choice('z', { y: 2 }, 'y'), 2);
  t.strictSame(config.numbers('e'), [1, 2]);
  t.strictSame(config.strings('f'), ['x']);
  t.equal(config.section('g')?.integer('h'), 1);
  t.equal(config.section('none'), undefined);
  t.strictSame([config.has('none'), config.states('none'), config.states('z')], [false, true, false]);
});

t.test('a wrong type or range names key, expectation and value', async (t) => {
  const wrong: [read: (config: ConfigReader) => unknown, message: string][] = [
    [(c) => c.integer('a'), '"a" in config.json must be a whole number of at least 1, and it is not there.'],
    [(c) => c.integer('half'), '"half" in config.json must be a whole number of at least 1, and it is 0.5.'],
    [(c) => c.integer('big', { max: 9 }), '"big" in config.json must be a whole number from 1 to 9, and it is 10.'],
    [(c) => c.number('text'), '"text" in config.json must be a number, and it is "x".'],
    [(c) => c.number('half', { min: 1 }), '"half" in config.json must be a number of at least 1, and it is 0.5.'],
    [
      (c) => c.number('zero', { min: Number.MIN_VALUE }),
      '"zero" in config.json must be a number above 0, and it is 0.',
    ],
    [(c) => c.boolean('text'), '"text" in config.json must be true or false, and it is "x".'],
    [(c) => c.string('half'), '"half" in config.json must be a string, and it is 0.5.'],
    [(c) => c.strings('mixed'), '"mixed" in config.json must be a list of strings, and it is ["x",1].'],
    [(c) => c.numbers('mixed'), '"mixed" in config.json must be a list of numbers, and it is ["x",1].'],
    [(c) => c.section('mixed'), '"mixed" in config.json must be an object, and it is ["x",1].'],
    [
      (c) => c.choice('text', { y: 1, z: 2 }),
      '"text" in config.json must be one of y, z (did you mean y?), and it is "x".',
    ],
    [(c) => c.choice('proto', { y: 1 }), '"proto" in config.json must be one of y, and it is "hasOwnProperty".'],
    [
      (c) => c.section('deep')?.integer('k'),
      '"deep.k" in config.json must be a whole number of at least 1, and it is {}.',
    ],
  ];
  const values = { half: 0.5, big: 10, text: 'x', zero: 0, mixed: ['x', 1], proto: 'hasOwnProperty', deep: { k: {} } };
  for (const [read, message] of wrong) t.throws(() => read(reader(values)), { code: 'CONFIG_VALUE', message });
});

t.test('finish refuses what nobody read', async (t) => {
  const config = reader({ read: 1, neutral: 'any', one: 1, off: false, none: null });
  config.integer('read');
  config.finish('toy', { neutral: true }, { one: (value) => value === 1 });
  t.throws(() => reader({ soft_cap: 50 }).finish('toy', {}), {
    code: 'CONFIG_KEY',
    message:
      '"soft_cap": 50 in config.json may change what the model computes, and the toy family does not support it.',
  });
  t.throws(() => reader({ one: 2 }).finish('toy', { one: (value) => value === 1 }), { code: 'CONFIG_KEY' });
  t.throws(() => reader({ zero: 0 }).finish('toy', {}), { code: 'CONFIG_KEY' }, 'zero is a value like any other');
  t.throws(() => reader({ toString: 1 }).finish('toy', {}), { code: 'CONFIG_KEY' }, 'an inherited name is not neutral');
});
