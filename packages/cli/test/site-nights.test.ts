import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { callLowbit } from './call-lowbit.js';
import { experiment, runLowbit } from './run-lowbit.js';

t.setTimeout(240_000);

const base = t.testdir();
const output = path.join(base, 'site');

/** Round to nearest as somebody writes it outside the repository. */
const rounder = (version: string, code: string): string => `
import { defineMethod, encodeAffine, z } from '@lowbit/core';
export const methods = [defineMethod({
  ...{ name: 'rounder', version: '${version}', description: 'round to nearest', source: 'this test' },
  options: z.object({ bits: z.number().default(4) }),
  async block(block, { options, kernels }) {
    for (const layer of block.layers) {
      const weight = await layer.weight();
      const grid = { name: 'compressed-tensors', symmetric: true, bits: options.bits };
      const part = await encodeAffine(weight, { grid, granularity: 'channel', groupSize: weight.cols }, kernels);
      ${code}
      await layer.encode([part], { method: 'rounder' });
    }
  },
})];
`;

async function runNight(version: string, code = ''): Promise<number> {
  writeFileSync(path.join(base, 'rounder.mjs'), rounder(version, code));
  const spec = {
    ...{ ...experiment, recipes: ['float', '<i>rounder', 'rounder(bits=3)'].map(nameRecipe), workers: 1 },
    ...{ tasks: experiment.tasks.slice(0, 1), plugins: ['./rounder.mjs'] },
  };
  writeFileSync(path.join(base, 'nightly.json'), JSON.stringify({ experiment: spec }));
  // A process of its own: this one would keep the first version of the plugin.
  const { status, stderr } = await runLowbit(['nightly', path.join(base, 'nightly.json')]);
  if (status !== 0 && status !== 1) throw new Error(stderr);
  return status;
}

function nameRecipe(name: string): string | { name: string; recipe: string } {
  return name.startsWith('<') ? { name, recipe: 'rounder' } : name;
}

const built = async () => (await callLowbit(t, ['site', path.join(base, 'history'), '-o', output])).stdout;

t.test('nights as lowbit nightly leaves them become a site whose links all lead somewhere', async (t) => {
  t.equal(await runNight('1'), 0);
  t.equal(await runNight('1'), 0);
  t.equal(await runNight('2', 'part.arrays.scales.data.fill(0);'), 1, 'a layer of nothing is worse');
  t.match(await built(), /3 runs; 5 parts rendered, .* 0 left out/, 'three nights and each against the one before');
  const read = (file: string): string => readFileSync(path.join(output, file), 'utf8');
  const files = readdirSync(output, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(path.join(output, name)).isFile(),
  );
  for (const page of files.filter((file) => file.endsWith('.html'))) {
    const html = read(page);
    t.notMatch(html, base, `${page} says nothing of where it was made`);
    t.notMatch(html, '<i>', `${page}: a name is no markup`);
    for (const [, link = ''] of html.matchAll(/href="([^"]*)"/g)) {
      const [target = '', anchor] = link.replaceAll('&#x3D;', '=').split('#');
      if (target === 'data:,') continue;
      const place = target === '' ? page : path.join(path.dirname(page), target);
      if (!files.includes(place)) t.fail(`${page} leads to ${link}`);
      else if (anchor && !anchor.startsWith('a=') && !read(place).includes(`id="${anchor}"`))
        t.fail(`${page}: no ${link}`);
    }
  }
  const [third = '', second = '', first = ''] = files
    .filter((file) => file.endsWith('night.html'))
    .sort()
    .reverse();
  t.match(read('index.html'), '>3 nights, the latest first.');
  t.match(read('index.html'), `href="${third}">The last night`);
  t.match(read(first), 'The first night: nothing to compare with yet.');
  t.match(read(second), 'figures are the same.');
  t.match(read(third), /▼<\/span> \d+ worse/);
  t.match(read(third), `href="../${path.basename(path.dirname(second))}/night.html"`, 'to the night before');
  t.match(read(third), '<th scope="row">rounder version</th>');
  t.match(read(third), /<code class="hash" title="[0-9a-f]{64}">/, 'the code of the plugin, whole');
});

t.test('a night more renders its own pages only', async (t) => {
  await runNight('2', 'part.arrays.scales.data.fill(0);');
  t.match(await built(), /4 runs; 2 parts rendered, 5 unchanged, 0 removed/);
});
