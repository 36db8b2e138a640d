import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { callLowbit } from './call-lowbit.js';
import { model, runLowbit } from './run-lowbit.js';

t.setTimeout(120_000);

const ids = [[1, 403, 407, 261, 378], [1, 5], [7]];

t.test('score prints { nll } and nothing else; quantizing first changes it', async (t) => {
  const folder = t.testdir({ 'ids.json': JSON.stringify(ids) });
  const args = ['score', model, '--token-ids', join(folder, 'ids.json'), '--json'];
  const float = await runLowbit(args);
  t.equal(float.status, 0, float.stderr);
  const { nll } = JSON.parse(float.stdout) as { nll: number[][] };
  t.same(
    nll.map(({ length }) => length),
    [4, 1, 0],
  );
  const rounded = await callLowbit(t, [...args, '--recipe', 'rtn(bits=3)']);
  t.not(rounded.stdout, float.stdout);
  t.equal(rounded.status, 0);
});

t.test("the float model's perplexity is that of its maker's tokens", async (t) => {
  const { stdout } = await callLowbit(t, [
    'eval',
    model,
    '--tasks',
    'tinystories',
    '--limit',
    '40',
    '--data',
    model,
    '--json',
  ]);
  const [row] = (JSON.parse(stdout) as { rows: { value: number; n: number }[] }).rows;
  // models/stories260k/README.md: a mean loss of 1.2451 over these 40 stories, given with four decimals.
  t.ok(Math.abs(Math.log(row?.value ?? 0) - 1.2451) <= 5e-5, `${row?.value}`);
  t.equal(row?.n, 40);
});

t.test('eval prints rows, writes samples, and knows an artifact', async (t) => {
  const folder = t.testdir();
  const artifact = join(folder, 'artifact');
  const made = await callLowbit(t, ['quantize', model, '--recipe', 'rtn(bits=4)', '-o', artifact]);
  t.equal(made.status, 0, made.stderr);
  t.match(made.stdout, /35 layers at 4\.\d+ bits per weight/);
  const common = ['--tasks', 'story_continuation', '--limit', '4', '--data', model, '--json'];
  const own = await callLowbit(t, ['eval', artifact, ...common]);
  const samples = join(folder, 'samples');
  const both = await callLowbit(t, [
    'eval',
    model,
    ...common,
    '--recipe',
    'float',
    '--recipe',
    'rtn(bits=4)',
    '--samples',
    samples,
  ]);
  t.equal(both.status, 0, both.stderr);
  const rows = (JSON.parse(both.stdout) as { rows: Record<string, unknown>[] }).rows;
  t.match(rows, [
    {
      model: 'stories260k',
      recipe: 'float',
      task: 'story_continuation',
      metric: 'acc',
      n: 4,
      higherIsBetter: true,
      bitsPerWeight: 32,
    },
    { recipe: 'float', metric: 'accNorm' },
    { recipe: 'rtn(bits=4)', metric: 'acc', protocol: undefined, value: Number, seconds: Number },
    { recipe: 'rtn(bits=4)', metric: 'accNorm' },
    { recipe: 'rtn(bits=4)', metric: 'flips', value: Number },
    { recipe: 'rtn(bits=4)', metric: 'targetLogprobDelta', value: Number },
  ]);
  const values = (text: string): unknown[] =>
    (JSON.parse(text) as { rows: { recipe: string; metric: string; value: number }[] }).rows
      // Distances need a float row beside them, which the artifact alone does not have.
      .filter(({ recipe, metric }) => recipe !== 'float' && metric.startsWith('acc'))
      .map(({ value }) => value);
  t.same(values(own.stdout), values(both.stdout), 'an artifact scores as the recipe that made it');
  t.same((await readdir(samples)).sort(), ['float', 'rtn(bits=4)']);
  const lines = (await readFile(join(samples, 'float', 'samples_story_continuation.jsonl'), 'utf8')).trim().split('\n');
  t.match(
    lines.map((line) => JSON.parse(line) as unknown),
    Array.from({ length: 4 }, (_, doc_id) => ({ doc_id, resps: [[[Number, Boolean]]], acc: Number })),
  );

  const inspected = JSON.parse((await callLowbit(t, ['inspect', artifact, '--json'])).stdout) as {
    kind: string;
    layers: unknown[];
  };
  t.equal(inspected.kind, 'artifact');
  t.equal(inspected.layers.length, 35);
});

t.test('overrides by layer, as text and in a recipe file', async (t) => {
  const layers = [
    { match: '*.down_proj', options: { bits: 8 } },
    { match: 'model.layers.0.*', off: true },
  ];
  const steps = [{ method: 'rtn', options: { bits: 3 }, layers }];
  const folder = t.testdir({ 'mine.json': JSON.stringify({ steps }) });
  const made: { digest: string; recipe: unknown }[] = [];
  for (const recipe of ['rtn(bits=3){*.down_proj:bits=8; model.layers.0.*:off}', join(folder, 'mine.json')]) {
    const artifact = join(folder, `artifact-${made.length}`);
    const { status } = await callLowbit(t, ['quantize', model, '--recipe', recipe, '-o', artifact]);
    t.equal(status, 0);
    made.push(JSON.parse((await callLowbit(t, ['inspect', artifact, '--json'])).stdout) as (typeof made)[number]);
    t.match(
      (await callLowbit(t, ['inspect', artifact])).stdout,
      /\*\.down_proj +{"bits":8}\n +model\.layers\.0\.\* +"off"/,
    );
  }
  t.match(made[0], { recipe: { steps: [{ layers }] } });
  t.equal(made[0]?.digest, made[1]?.digest);
  const { stdout } = await callLowbit(t, ['list', 'methods', '--json']);
  const [rtn] = JSON.parse(stdout) as { options: { name: string; perLayer: boolean }[] }[];
  t.same(
    rtn?.options.filter(({ perLayer }) => !perLayer).map(({ name }) => name),
    ['head', 'embeddings'],
  );
});

t.test('lists and doctor', async (t) => {
  for (const what of ['methods', 'presets', 'tasks', 'families', 'formats', 'exports', 'devices']) {
    const { stdout, status } = await callLowbit(t, ['list', what, '--json']);
    t.equal(status, 0);
    t.ok((JSON.parse(stdout) as unknown[]).length > 0, what);
    t.not((await callLowbit(t, ['list', what])).stdout, '');
  }
  const families = await callLowbit(t, ['list', 'families', '--json']);
  t.match(JSON.parse(families.stdout), [
    { name: 'llama', modelTypes: ['llama'], architectures: ['LlamaForCausalLM', 'LLaMAForCausalLM', 'LlamaModel'] },
  ]);
  const { stdout } = await callLowbit(t, ['doctor', '--json']);
  t.match(JSON.parse(stdout), { score: { ok: true }, kernels: { implementation: /native|reference/ } });
  const { products, integers } = JSON.parse(stdout) as Record<string, unknown>;
  const speed = { prefill: Number, decode: Number, prefillRatio: Number, decodeRatio: Number };
  t.match(products, [
    { operator: 'Gemm', bits: 32, ...speed, decodeRatio: 1 },
    { operator: 'MatMulInteger', bits: 8, ...speed },
    { operator: 'MatMulNBits', bits: 4, ...speed },
    { operator: 'MatMulNBits', bits: 8, ...speed },
  ]);
  t.match(integers, { unsignedWeights: 0, signedWeights: Number });
  const text = await callLowbit(t, ['doctor']);
  t.match(text.stdout, /score +works/);
  t.match(
    text.stdout,
    /^Fastest: .* for 256 tokens, .* for one\.\nInteger sums: uint8 weights, as Lowbit uses them, exact; /m,
  );
});

t.test('the process ends with the status of the command', async (t) => {
  const { status, stdout, stderr } = await runLowbit(['score', model, '--token-ids', '/dev/null', '--json']);
  t.equal(status, 2);
  t.equal(stdout, '');
  t.match(stderr, /^error \[TOKEN_IDS\]: /);
  t.equal((await runLowbit(['frobnicate'])).status, 2);
});

t.test('bad usage and input: status 2, one sentence with its code, nothing on standard output', async (t) => {
  const folder = t.testdir({
    'ids.json': JSON.stringify(ids),
    'large.json': '[[1, 512]]',
    'long.json': JSON.stringify([new Array(513).fill(1)]),
    'text.json': '[["a"]]',
    'e.json': '{"name": "x", "modles": []}',
    'half.json': '{"name": ',
    full: { 'of.txt': 'things' },
    short: { wikitext2: { 'wiki.test.raw': 'Once upon a time.' } },
  });
  const at = (name: string): string => join(folder, name);
  const score = (file: string): string[] => ['score', model, '--token-ids', at(file), '--json'];
  const evaluate = (...rest: string[]): string[] => ['eval', model, '--tasks', 'tinystories', '--data', model, ...rest];
  const rtn = (recipe: string, ...rest: string[]): string[] => [
    'quantize',
    model,
    '--recipe',
    recipe,
    '-o',
    at('out'),
    ...rest,
  ];
  const cases: [string[], string, RegExp][] = [
    [['frobnicate'], 'USAGE', /Unknown command/],
    [['nightlies', 'x'], 'USAGE', /Unknown command/],
    [['list', 'method'], 'USAGE', /did you mean 'methods'/],
    [evaluate('--limit', 'many'), 'USAGE', /; it should be a whole number\.$/m],
    [evaluate('--limit', '0'), 'EXPERIMENT_OPTION', /got 0; use at least 1\.$/m],
    [evaluate('--rope-frequencies', 'half'), 'USAGE', /; allowed choices are float32, bfloat16\.$/m],
    [['eval', model, '--tasks', 'wikitext2', '--data', at('short')], 'EXPERIMENT_OPTION', /512 tokens .*, got 2048/],
    [['eval', model, '--tasks', 'wikitext2', '--data', at('short'), '--window', '64'], 'TASK_SHORT', /64 tokens/],
    [
      evaluate('--tasks', 'story_continuation', '--few-shot', '5'),
      'EXPERIMENT_OPTION',
      /names no split .*, got fewShot 5/,
    ],
    [['eval', model, '--tasks', './none.yaml', '--data', model], 'TASK_FILE', /found none .*; correct the path\.$/m],
    [evaluate('--chat-template'), 'CHAT_TEMPLATE', /found none; leave --chat-template out/],
    [evaluate('--chat-template', 'both'), 'USAGE', /; allowed choices are multi-turn, single-turn\.$/m],
    [evaluate('--taks', 'x'), 'USAGE', /'--taks'; did you mean --tasks\?$/m],
    [['eval', model, '--tasks', 'tinystorys', '--data', model], 'TASK_UNKNOWN', /did you mean 'tinystories'/],
    [['eval', model, '--tasks', 'piqa', '--data', at('full')], 'TASK_DATA', /piqa/],
    [evaluate('--window', '1024'), 'EXPERIMENT_OPTION', /at most the 512 tokens/],
    [evaluate('--device', 'abacus'), 'DEVICE_UNKNOWN', /abacus/],
    [evaluate('--recipe', 'rtn', '--recipe', 'rtn(bits=4)'), 'EXPERIMENT_OPTION', /same steps/],
    [
      evaluate('--recipe', 'float', '--recipe', 'rtn(groupSize=48)'),
      'SPEC_GROUP_SIZE',
      /divides the 64 columns of model/,
    ],
    [evaluate('--recipe', 'float', '--recipe', 'kv(groupSize=7)'), 'METHOD_OPTION', /head size 8 of block 0, got 7/],
    [evaluate('--recipe', 'gptq'), 'METHOD_NEEDS', /--calibration/],
    [rtn('rtn(bits=1)'), 'METHOD_OPTION', /bits, got 1; use at least 2\.$/m],
    [rtn('rtn(bits=2.5)'), 'METHOD_OPTION', /use a whole number\.$/m],
    [rtn('rtn', '--rope-frequencies', 'bfloat16'), 'USAGE', /Unknown option/],
    [rtn('rtn(bitz=4)'), 'METHOD_OPTION', /did you mean 'bits'/],
    [rtn('rtn{*.down_porj:bits=8}'), 'RECIPE_LAYER', /did you mean '\*\.down_proj'/],
    [rtn('rtn{down:bits=8}', '--format', 'gptq'), 'EXPORT_REFUSED', /float32|one entry/],
    [rtn('rtn(groupSize=48)'), 'SPEC_GROUP_SIZE', /divides the 64 columns/],
    [rtn('rtn', '--format', 'gguf'), 'EXPORT_REFUSED', /q_proj has scaleType=float32.*scaleType=float16/],
    [rtn('rtn(bits=3)', '--format', 'onnx'), 'EXPORT_REFUSED', /q_proj has 3 bits.*bits=4/],
    [rtn('rtn', '--format', 'ggfu'), 'EXPORT_FORMAT', /did you mean 'gguf'/],
    [['export', at('full'), '--format', 'gguf', '-o', at('out')], 'ARTIFACT_MISSING', /lowbit quantize/],
    [['export', at('full'), '--format', 'gguf', '-o', at('full')], 'USAGE', /with files in it/],
    [rtn('float'), 'USAGE', /a recipe that quantizes/],
    [['quantize', model, '--recipe', 'rtn', '-o', at('full')], 'USAGE', /other files in it/],
    [score('large.json'), 'TOKEN_IDS', /0 to 511/],
    [score('long.json'), 'TOKEN_IDS', /at most the 512 tokens/],
    [score('text.json'), 'TOKEN_IDS', /"a"/],
    [score('absent.json'), 'TOKEN_IDS', /cannot be read/],
    [['score', at('absent'), '--token-ids', at('ids.json')], 'CHECKPOINT_MISSING', /absent/],
    [['run', at('absent.json')], 'EXPERIMENT_FILE', /found none/],
    [['run', at('half.json')], 'EXPERIMENT_FILE', /half\.json/],
    [['run', at('e.json')], 'EXPERIMENT_OPTION', /e\.json/],
    [['report', at('full'), '-o', at('out')], 'RUN_UNREADABLE', /manifest/],
    [['report', at('full'), '-o', at('out'), '--format', 'pdf'], 'USAGE', /pdf/],
  ];
  for (const [args, code, message] of cases) {
    const { status, stdout, stderr } = await callLowbit(t, args);
    t.equal(status, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, new RegExp(`^error \\[${code}\\]: `, 'm'), args.join(' '));
    t.match(stderr, message);
    t.notMatch(stderr, /^ +at /m, 'no stack trace');
  }
});

t.test('a recipe that fails as it is run fails its cells, the others are there: status 3', async (t) => {
  const { status, stdout, stderr } = await callLowbit(t, [
    'eval',
    model,
    '--tasks',
    'story_continuation',
    '--limit',
    '2',
    '--data',
    model,
    '--json',
    '--recipe',
    'float',
    '--recipe',
    'kvquant(firstTokens=8)',
    '--calibration',
    `text:${model}/stories.txt,samples=1,sequenceLength=8`,
  ]);
  t.equal(status, 3);
  t.match(JSON.parse(stdout), { rows: [{ recipe: 'float' }, { recipe: 'float' }] });
  t.match(stderr, /error \[METHOD_NEEDS\]: kvquant\(firstTokens=8\) on story_continuation/);
});
