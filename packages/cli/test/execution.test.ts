import { join } from 'node:path';
import t from 'tap';
import { callLowbit } from './call-lowbit.js';
import { model } from './run-lowbit.js';

t.setTimeout(120_000);

const w8a8 = 'rtn(bits=8,granularity=channel)+activations(bits=8)';

t.test('score --execution executed: integer products, and losses within what rounding costs', async (t) => {
  const folder = t.testdir({ 'ids.json': JSON.stringify([[1, 403, 407, 261, 378]]) });
  const losses = async (recipe: string, ...more: string[]): Promise<number[]> => {
    const args = ['score', model, '--token-ids', join(folder, 'ids.json'), '--recipe', recipe, ...more];
    const { status, stdout, stderr } = await callLowbit(t, args);
    t.equal(status, 0, stderr);
    return (JSON.parse(stdout) as { nll: number[][] }).nll[0] ?? [];
  };
  const simulated = await losses(w8a8);
  const executed = await losses(w8a8, '--execution', 'executed');
  t.equal(executed.length, 4);
  t.not(String(executed), String(simulated), 'integers were summed');
  // One input that falls to the other side of a tie moves what follows as rounding itself does (core/test/engine/executed.test.ts).
  const from = (other: number[]): number => Math.max(...simulated.map((loss, i) => Math.abs(loss - (other[i] ?? NaN))));
  const cost = from(await losses('rtn(bits=8,granularity=channel)'));
  t.ok(from(executed) < cost, `${from(executed)} of ${cost}`);
});

t.test('eval names the precision of each row, and how many layers were executed by what', async (t) => {
  const args = ['eval', model, '--tasks', 'story_continuation', '--limit', '2', '--data', model];
  const recipes = ['float', 'rtn(bits=4)', w8a8].flatMap((recipe) => ['--recipe', recipe]);
  const run = join(t.testdir(), 'run');
  const text = await callLowbit(t, [...args, ...recipes, '--execution', 'executed', '-o', run]);
  t.equal(text.status, 0, text.stderr);
  t.match(
    text.stdout,
    /^rtn\(bits=4\) of stories260k: 35 of 35 layers executed \(35 by MatMulNBits\), precision executed$/m,
  );
  t.match(text.stdout, /: 35 of 35 layers executed \(35 by MatMulInteger\), precision executed-int8$/m);
  t.notMatch(text.stdout, /float of/);
  const rows = async (...more: string[]): Promise<unknown> => {
    const { stdout } = await callLowbit(t, [...args, '--recipe', 'rtn(bits=4)', '--json', '-o', run, ...more]);
    return (JSON.parse(stdout) as { rows: unknown[] }).rows[0];
  };
  t.match(await rows('--execution', 'executed'), { precision: 'executed', executedLayers: 35 });
  t.match(await rows(), { precision: 'simulated', executedLayers: 0 }, 'a cell of its own');
  const wrong = await callLowbit(t, [...args, '--execution', 'packed']);
  t.match(wrong.stderr, /^error \[USAGE\]: .*simulated, executed/m);
});
