import { spawn } from 'node:child_process';
import { access, chmod, cp, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { root } from '../test/run-lowbit.js';

interface Step {
  name?: string;
  uses?: string;
  run?: string;
  if?: string;
  with?: Record<string, unknown>;
}

interface Workflow {
  on: { schedule: { cron: string }[] };
  env: Record<string, string>;
  jobs: Record<string, { steps: Step[]; needs?: string }>;
}

const example = join(root, 'examples', 'nightly');

/** What a checkout with its packages installed and built has. */
async function checkOut(folder: string): Promise<string> {
  const copy = join(folder, 'checkout');
  await mkdir(copy);
  for (const name of ['examples', 'package.json']) await cp(join(root, name), join(copy, name), { recursive: true });
  for (const name of ['node_modules', 'packages', 'reports', 'models'])
    await symlink(join(root, name), join(copy, name));
  // What is measured is not the matter here.
  await editNightly(copy, (text) => text.replace(/"trials": \d+/, '"trials": 1'));
  return copy;
}

function sh(
  script: string,
  cwd: string,
  env: Record<string, string>,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn('/bin/sh', ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...output })));
}

/** Two bits in place of four: a regression. */
async function breakRecipe(copy: string): Promise<void> {
  await editNightly(copy, (text) => text.replace('gptq(bits=4', 'gptq(bits=2'));
}

async function editNightly(copy: string, edit: (text: string) => string): Promise<void> {
  const file = join(copy, 'examples', 'nightly', 'nightly.json');
  await writeFile(file, edit(await readFile(file, 'utf8')));
}

const node = dirname(process.execPath);

t.test("the workflow's steps, in a copy of the repository", { timeout: 900_000 }, async (t) => {
  const workflow = parse(await readFile(join(example, 'github-workflow.yml'), 'utf8')) as Workflow;
  const steps = workflow.jobs['nightly']?.steps ?? [];
  const copy = await checkOut(t.testdir());
  const summary = join(copy, 'step-summary.md');
  await writeFile(summary, '');
  const env = {
    ...workflow.env,
    ...{ PATH: `${node}:/usr/local/bin:/usr/bin:/bin`, HOME: copy, CI: 'true', GITHUB_STEP_SUMMARY: summary },
  };

  t.test('actions are pinned to a major version, jobs wait for those that there are', async (t) => {
    const all = Object.values(workflow.jobs);
    for (const { uses } of all.flatMap((job) => job.steps)) if (uses) t.match(uses, /^actions\/[\w/-]+@v\d+$/);
    for (const { needs } of all) if (needs) t.ok(workflow.jobs[needs]);
    for (const step of all.flatMap((job) => job.steps)) t.not(step.run === undefined, step.uses === undefined);
    t.match(workflow.on.schedule[0]?.cron, /^\d+ \d+ \* \* \*$/);
    await access(join(copy, workflow.env['LOWBIT_NIGHTLY'] ?? 'none'));
  });

  t.test('what is installed and built is by scripts of the repository', async (t) => {
    const { scripts } = JSON.parse(await readFile(join(copy, 'package.json'), 'utf8')) as { scripts: object };
    const called = steps.flatMap(({ run = '' }) =>
      [...run.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] ?? ''),
    );
    t.same(called, ['build']);
    t.hasProps(scripts, called);
  });

  const named = (name: string): string => steps.find((step) => step.name === name)?.run ?? 'exit 99';
  const uploaded = steps
    .filter(({ uses = '' }) => /upload|cache\/save/.test(uses))
    .map((step) => String(step.with?.['path']));

  t.test('first night, accept, a night without a change, a regression', { timeout: 600_000 }, async (t) => {
    for (const [name, status] of [
      ['Night', 0],
      ['Accept the last night', 0],
      ['Night', 0],
    ] as const) {
      const ended = await sh(named(name), copy, env);
      t.equal(ended.status, status, `${name}: ${ended.stderr}${ended.stdout}`);
    }
    await breakRecipe(copy);
    const broken = await sh(named('Night'), copy, env);
    t.equal(broken.status, 1, broken.stderr);
    const headings = [...(await readFile(summary, 'utf8')).matchAll(/^## .*: (.*)$/gm)].map((match) => match[1]);
    t.same(headings, ['first night', 'no regression', 'regression']);
    const site = await sh(named('Site'), copy, env);
    t.equal(site.status, 0, site.stderr);
  });

  t.test('everything that is uploaded is there', async (t) => {
    t.equal(uploaded.length, 3);
    for (const path of uploaded.flatMap((paths) => paths.trim().split(/\s+/))) {
      await t.resolves(access(join(copy, path)), path);
    }
    const restored = steps.find(({ uses = '' }) => uses.includes('cache/restore'));
    t.ok(uploaded.includes(String(restored?.with?.['path'])), 'what is restored is what is kept');
    t.ok((await readdir(join(copy, 'runs', 'nightly', 'runs'))).length === 3);
  });
});

t.test("the cron line, by sh in cron's bare environment", { timeout: 600_000 }, async (t) => {
  const copy = await checkOut(t.testdir());
  const lines = (await readFile(join(example, 'crontab'), 'utf8')).split('\n').filter((line) => /^[^#\s]/.test(line));
  const settings = Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, value] = /^([A-Z]+)=(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value ?? '']];
    }),
  );
  const [line = ''] = lines.filter((each) => /^[\d*]/.test(each));
  const [, command = ''] = /^(?:\S+ ){5}(.*)$/.exec(line) ?? [];
  t.notMatch(command, '%', 'cron takes it for the end of the line');
  // This machine's Node, as a user's lies in one of the folders that the line names.
  const bin = join(copy, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'npx'), `#!/bin/sh\nexec "${join(node, 'npx')}" "$@"\n`);
  await chmod(join(bin, 'npx'), 0o755);
  const env = { ...settings, LOWBIT: copy, HOME: copy, PATH: `${bin}:${node}:${settings['PATH']}`, SHELL: '/bin/sh' };
  const quiet = await sh(command, '/', env);
  t.match(quiet, { status: 0, stdout: '', stderr: '' }, 'nothing to mail');
  t.match(await readFile(join(copy, 'nightly.log'), 'utf8'), /nothing to compare them with yet/);
  await breakRecipe(copy);
  const alarm = await sh(command, '/', env);
  t.match(alarm.stdout, /^lowbit nightly ended with 1\n## .*: regression\n/);
  t.match(await readFile(join(copy, 'nightly.log'), 'utf8'), /▼ worse/);
});
