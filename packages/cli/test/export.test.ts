import { join } from 'node:path';
import t from 'tap';
import { model, runLowbit } from './run-lowbit.js';

t.setTimeout(120_000);

t.test('an export is scored as the artifact is', async (t) => {
  const folder = t.testdir({ 'ids.json': JSON.stringify([[1, 403, 407, 261, 378]]) });
  const ids = ['--token-ids', join(folder, 'ids.json')];
  const recipe = 'rtn(bits=3,groupSize=32,symmetric=false,remainder=short)';
  const score = async (path: string): Promise<string> => {
    const { status, stdout, stderr } = await runLowbit(['score', path, ...ids]);
    t.equal(status, 0, stderr);
    return stdout;
  };
  const artifact = join(folder, 'artifact');
  const quantized = await runLowbit(['quantize', model, '--recipe', recipe, '-o', artifact]);
  t.equal(quantized.status, 0, quantized.stderr);
  const refused = await runLowbit(['export', artifact, '--format', 'compressed-tensors', '-o', join(folder, 'out')]);
  t.equal(refused.status, 2);
  t.match(refused.stderr, /EXPORT_REFUSED.*shorter last group in the 172 columns/);

  const channel = ['--recipe', 'rtn(bits=3,symmetric=false)'];
  const direct = join(folder, 'direct');
  const both = await runLowbit(['quantize', model, ...channel, '--format', 'compressed-tensors', '-o', direct]);
  t.equal(both.status, 0, both.stderr);
  t.match(both.stdout, /35 layers at [\d.]+ bits per weight\n.*compressed-tensors, 35 layers\n$/);
  await runLowbit(['quantize', model, ...channel, '-o', artifact]);
  const exported = await runLowbit(['export', artifact, '--format', 'compressed-tensors', '-o', join(folder, 'out')]);
  t.equal(exported.stdout, `${join(folder, 'out')}: compressed-tensors, 35 layers\n`);
  t.equal(exported.status, 0, exported.stderr);
  t.equal(await score(direct), await score(artifact));
  t.equal(await score(join(folder, 'out')), await score(artifact));
});
