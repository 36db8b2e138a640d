import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { makeArtifacts, openSubject, Registry, resolveRecipe } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { methods, presets } from '@lowbit/methods';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';
import { readStories } from '../test-real/support/stories.js';

// GPTQ beside llm-compressor, run now with the same calibration tokens.
const kernels = await loadKernels();
const device = { name: 'cpu', threads: 2 };
const registry = new Registry();
registry.add({ methods, presets });

interface Answer {
  seconds: number;
  windows: number[];
  firstBlock: Record<string, { trace: number; error: number }>;
}

interface Layer {
  layer: string;
  block: number;
  hessianTrace: number;
  squaredOutputError: number;
}

interface Case {
  bits: number;
  actOrder: 'off' | 'static';
  /** Share of a layer's second moment and error in block 0, and of the whole model's perplexity. */
  tolerances: { layer: number; perplexity: number };
}

interface Model {
  name: string;
  checkpoint: string;
  calibration: number[][];
  windows: number[][];
  cases: Case[];
}

const golden = resolve('..', 'shared', 'reference', 'golden', 'calibration.json');
const smolCalibration = JSON.parse(await readFile(golden, 'utf8')) as number[][];
const tiny = resolve('..', 'shared', 'models', 'TinyStories-656K');
const { calibration, evaluation } = await readStories(tiny, 64);
const lists = (sequences: Int32Array[]): number[][] => sequences.map((ids) => [...ids]);

const models: Model[] = [
  {
    name: 'TinyStories-656K',
    checkpoint: tiny,
    calibration: lists(calibration),
    windows: lists(evaluation.slice(0, 40)),
    // float32 against float32: nothing falls to another code, in block 1 neither.
    cases: [
      { bits: 4, actOrder: 'off', tolerances: { layer: 1e-6, perplexity: 1e-4 } },
      { bits: 3, actOrder: 'static', tolerances: { layer: 1e-6, perplexity: 1e-4 } },
    ],
  },
  {
    name: 'SmolLM2',
    checkpoint: join(homedir(), '.cache', 'lowbit', 'models', 'SmolLM2-135M-Instruct'),
    calibration: smolCalibration,
    // Losses on the calibration tokens themselves: the same text for both is all that this needs.
    windows: [0, 1].map((i) => smolCalibration.flat().slice(i * 2048, (i + 1) * 2048)),
    // It was on 16 levels a group once, so that its weights tie, and any order of sums decides the ties: our own
    // perplexity has a standard deviation of 2.5 % at 4 bits and 9 % at 3 over orders of the calibration sequences
    // (docs/log.md). Three deviations of a difference of two, at 3 bits two. That the methods are one is the model's above.
    cases: [
      { bits: 4, actOrder: 'off', tolerances: { layer: 0.01, perplexity: 0.11 } },
      { bits: 3, actOrder: 'static', tolerances: { layer: 0.01, perplexity: 0.28 } },
    ],
  },
];

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const model of models)
  t.test(model.name, async (t) => {
    const { checkpoint, calibration, windows } = model;
    const python = process.env['LOWBIT_PEERS_PYTHON'] ?? 'python3';
    const peer = await startPeer(python, 'scripts/peers/llm-compressor-worker.py', [checkpoint, '2']);
    t.teardown(() => peer.close());
    const workFolder = t.testdir();
    const folder = join(workFolder, 'artifact');

    for (const { bits, actOrder, tolerances } of model.cases) {
      const order = actOrder === 'off' ? null : actOrder;
      const weights = { num_bits: bits, type: 'int', symmetric: true, strategy: 'group', group_size: 64 };
      const request = { method: 'gptq', weights, actOrder: order, moments: true, calibration, windows };
      const theirs = (await peer.ask(request)) as Answer;
      const recipe = resolveRecipe(`gptq(bits=${bits},groupSize=64,symmetric=true,actOrder=${actOrder})`, registry);
      const record = { source: 'test', samples: 0, sequenceLength: 0, tokens: 0, seed: undefined, tokenSha256: '' };
      const start = performance.now();
      const outcome = await makeArtifacts({
        ...{ checkpoint, kernels, device, workFolder },
        recipes: [{ recipe, folder }],
        calibration: { sequences: calibration.map((ids) => Int32Array.from(ids)), record },
      });
      for (const error of outcome.values()) if (error) throw error;
      const seconds = (performance.now() - start) / 1000;
      t.comment(`${bits} bits: ${seconds.toFixed(1)} s, llm-compressor ${theirs.seconds.toFixed(1)} s`);

      const { layers } = JSON.parse(await readFile(join(folder, 'lowbit.json'), 'utf8')) as { layers: Layer[] };
      for (const [name, { trace, error }] of Object.entries(theirs.firstBlock)) {
        const layer = layers.find((each) => each.block === 0 && each.layer.endsWith(name));
        const near = (value = NaN, target: number): boolean => Math.abs(value / target - 1) < tolerances.layer;
        t.ok(near(layer?.hessianTrace, trace), `${bits} bits, ${name}: trace ${layer?.hessianTrace}, theirs ${trace}`);
        t.ok(near(layer?.squaredOutputError, error), `error ${layer?.squaredOutputError}, theirs ${error}`);
      }

      const subject = await openSubject(folder, { kernels, device, workFolder });
      const losses = await subject.scorer.scoreSequences(windows.map((ids) => Int32Array.from(ids)));
      await subject.release();
      const ratio = Math.exp(mean(losses.map((nll) => mean([...nll]))) - mean(theirs.windows));
      t.ok(Math.abs(ratio - 1) < tolerances.perplexity, `${bits} bits: perplexity is ${ratio.toFixed(5)} of theirs`);
    }
  });
