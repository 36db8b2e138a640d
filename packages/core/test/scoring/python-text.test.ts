import { capitalize, codePointLength, splitAtSpace, strip, stripEnd, stripStart } from '@lowbit/core';
import t from 'tap';

t.test('white space is what Python takes for it', async (t) => {
  t.equal(stripEnd(' a b \n\t\u00a0\u3000'), ' a b');
  t.equal(strip('\u2003a b\u0085\u001c'), 'a b', 'U+0085 and U+001C are space in Python alone');
  t.equal(strip('\ufeffa\ufeff'), '\ufeffa\ufeff', 'U+FEFF is space in JavaScript alone');
  t.equal(strip(' \n '), '');
  t.equal(stripEnd(''), '');
  t.equal(stripStart('\u0085 a '), 'a ');
});

t.test("splitting keeps empty ends, as re.split(r'\\s+', ...)", async (t) => {
  t.strictSame(splitAtSpace(' a\n\nb\u001cc '), ['', 'a', 'b', 'c', '']);
});

t.test('length counts code points', async (t) => {
  t.equal(codePointLength('a\u{1f600}\u00e9'), 3);
});

t.test('a capital first letter, small ones after it', async (t) => {
  t.equal(capitalize('he SANG'), 'He sang');
  t.equal(capitalize('\u00df\u00c9'), 'Ss\u00e9');
  t.equal(capitalize('\u{10428}\u{10400}'), '\u{10400}\u{10428}', 'beyond the first plane');
  t.equal(capitalize(''), '');
});
