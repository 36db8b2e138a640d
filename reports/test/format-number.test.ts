import {
  formatBytes,
  formatCount,
  formatDelta,
  formatParameters,
  formatRelative,
  formatSignificant,
  formatValue,
  percentDecimals,
  plainDecimals,
  unitOf,
} from '@lowbit/reports';
import t from 'tap';

t.test('a metric that is a share is shown in percent, others as they are', async (t) => {
  t.equal(unitOf('acc'), 'percent');
  t.equal(unitOf('accNorm'), 'percent');
  t.equal(unitOf('perplexity'), 'plain');
  t.equal(formatValue(0.61342, 'percent', 2), '61.34');
  t.equal(formatValue(19.91986, 'plain', 2), '19.92');
});

t.test('decimals follow the size and the standard error', async (t) => {
  t.equal(percentDecimals(0.011), 2);
  t.equal(percentDecimals(0.035), 1);
  t.equal(percentDecimals(undefined), 1);
  t.equal(plainDecimals(5.47), 3);
  t.equal(plainDecimals(19.9, 0.4), 2);
  t.equal(plainDecimals(19.9, 0.004), 3);
  t.equal(plainDecimals(-12345.6), 0);
});

t.test('values that do not fit a column of digits', async (t) => {
  t.equal(formatValue(12345.6, 'plain', 0), '12,346');
  t.equal(formatValue(123_456_789, 'plain', 0), '1.23e8');
  t.equal(formatValue(Infinity, 'plain', 2), '∞');
  t.equal(formatValue(NaN, 'plain', 2), 'not a number');
});

t.test('a difference has a sign, unless it rounds to zero', async (t) => {
  t.equal(formatDelta(8.0566, 'plain', 2), '+8.06');
  t.equal(formatDelta(-0.0123, 'percent', 2), '\u22121.23');
  t.equal(formatDelta(-0.0001, 'plain', 2), '0.00');
  t.equal(formatDelta(0.0001, 'plain', 2), '0.00');
  t.equal(formatDelta(0, 'percent', 1), '0.0');
  t.equal(formatRelative(1.4046), '+40.5 %');
  t.equal(formatRelative(0.95), '\u22125.0 %');
  t.equal(formatRelative(12.3456), '+1,135 %');
});

t.test('significant digits, counts, parameters and bytes', async (t) => {
  t.equal(formatSignificant(0), '0');
  t.equal(formatSignificant(0.81249), '0.812');
  t.equal(formatSignificant(-1234.5), '\u22121230');
  t.equal(formatSignificant(123_456), '1.23e5');
  t.equal(formatSignificant(0.000123), '1.23e\u22124');
  t.equal(formatSignificant(Infinity), '∞');
  t.equal(formatCount(304978), '304,978');
  t.equal(formatCount(999), '999');
  t.equal(formatParameters(134_515_008), '134.5 M');
  t.equal(formatParameters(6_738_415_616), '6.738 B');
  t.equal(formatParameters(260), '260');
  t.equal(formatBytes(0), '0 B');
  t.equal(formatBytes(1000), '1000 B');
  t.equal(formatBytes(1_290_590), '1.23 MiB');
  t.equal(formatBytes(24 * 2 ** 30), '24 GiB');
  t.equal(formatBytes(5 * 2 ** 50), '5120 TiB');
});
