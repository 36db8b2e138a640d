import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CellResult, Manifest } from '@lowbit/core';

export interface MadeRun {
  name: string;
  created: string;
  models?: readonly string[];
  recipes?: readonly string[];
  tasks?: readonly string[];
  /** By recipe and task; by default a formula of their places. */
  value?: (recipe: string, task: string) => number;
  lowbit?: string;
  /** Linears of each quantized cell. */
  layers?: number;
}

/** A run folder as `lowbit run` writes it: perplexity for tasks that begin with `wiki`, else `acc` and `accNorm`. */
export async function makeRun(folder: string, made: MadeRun): Promise<Manifest> {
  const { name, created, models = ['m'], recipes = ['float', 'rtn'], tasks = ['wikitext2', 'piqa'] } = made;
  const value = made.value ?? ((recipe, task) => 10 * (recipes.indexOf(recipe) + 1) + tasks.indexOf(task));
  const keys = models.flatMap((model) =>
    recipes.flatMap((recipe) =>
      tasks.map((task) => ({ digest: digestOf([name, created, model, recipe, task]), model, recipe, task })),
    ),
  );
  const manifest: Manifest = {
    ...{ formatVersion: 1, name, title: name, notes: [], created, planDigest: digestOf(keys) },
    models: models.map((model) => ({
      ...{ name: model, family: 'llama', digest: digestOf(model), parameters: 1000, bitsPerWeight: 16 },
      tokenizerDigest: digestOf('tokenizer'),
    })),
    recipes: recipes.map((recipe) => ({
      name: recipe,
      bits: recipe === 'float' ? undefined : 4,
      steps: recipe === 'float' ? [] : [{ method: recipe, version: '1', options: { bits: 4 } }],
    })),
    tasks: tasks.map((task) => ({
      ...{ name: task, version: '1', description: task, source: 'made', limit: undefined },
      metrics: metricsOf(task).map((metric) => ({ name: metric, higherIsBetter: metric !== 'perplexity' })),
      files: [{ path: `${task}.jsonl`, sha256: digestOf(task), bytes: 10 }],
    })),
    calibration: undefined,
    environment: {
      ...{ lowbit: made.lowbit ?? '0.1.0', node: 'v20', onnxruntime: '1.30.0', platform: 'linux', processor: 'p' },
      ...{ cores: 2, memoryBytes: 1e9, kernels: { implementation: 'native', instructionSet: 'avx2' } },
      ...{ device: 'cpu', workers: 1, threadsPerWorker: 1, fingerprint: digestOf(made.lowbit ?? '0.1.0') },
    },
    cells: keys,
  };
  await mkdir(join(folder, 'cells'), { recursive: true });
  for (const { digest, model, recipe, task } of keys) {
    const cell: CellResult = {
      ...{ formatVersion: 1, digest, model, recipe, task, status: 'done' },
      rows: metricsOf(task).map((metric, i) => ({
        ...{ model, recipe, task, metric, protocol: metric === 'perplexity' ? 'ppl/papers-2048' : undefined },
        ...{ value: value(recipe, task) + i / 10, stderr: 0.5, n: 100, higherIsBetter: metric !== 'perplexity' },
        ...{ bitsPerWeight: recipe === 'float' ? 16 : 4.25, precision: 'simulated', executedLayers: 0, seconds: 2 },
      })),
      counts: { documents: 100, tokens: 5000, computedTokens: 4000, savedTokens: 1000, tokenSha256: digestOf(task) },
      layers:
        recipe === 'float' ? [] : Array.from({ length: made.layers ?? 2 }, (_, block) => describeLayer(block, recipe)),
      seconds: { quantize: 1, load: 0.5, score: 2 },
      peakMemoryBytes: 1e8,
    };
    await writeFile(join(folder, 'cells', `${digest}.json`), JSON.stringify(cell, undefined, 1));
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest, undefined, 1));
  return manifest;
}

function describeLayer(block: number, method: string): CellResult['layers'][number] {
  const layer = `model.layers.${block}.self_attn.q_proj`;
  return { layer, block, role: 'q', method, rows: 64, cols: 64, bitsPerWeight: 4.25, weightError: 0.1 + block / 100 };
}

function metricsOf(task: string): string[] {
  return task.startsWith('wiki') ? ['perplexity'] : ['acc', 'accNorm'];
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
