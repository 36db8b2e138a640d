import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import {
  availableMemory,
  cacheFolder,
  listDevices,
  measureIntegerErrors,
  measureProducts,
  openSubject,
  runtimeVersion,
  version,
} from '@lowbit/core';
import type { IntegerErrors, ProductSpeed } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { exitStatus } from '../exit-status.js';
import { showError } from '../show-error.js';
import { alignLeft, alignTable } from '../text-table.js';

/** First tokens of a story ("Once upon a time"), in the embedded model. */
const probe = {
  ids: Int32Array.of(1, 403, 407, 261, 378),
  model: new URL('../../../../models/stories260k', import.meta.url),
};

/** A layer wide enough that its float32 weight leaves the caches of most processors, and the tokens of its prefill. */
const layer = { width: 2048, tokens: 256 };

/** `lowbit doctor`: what this machine offers, a score from end to end, and which product is fastest. */
export async function doctor({ json }: { json?: boolean }): Promise<number> {
  const kernels = await loadKernels();
  const { bavail, bsize } = await statfs('.');
  const facts = {
    lowbit: version,
    node: process.versions.node,
    onnxruntime: runtimeVersion,
    devices: listDevices().map(({ name, bundled }) => (bundled ? name : `${name} (needs its provider)`)),
    kernels: { implementation: kernels.implementation, instructionSet: kernels.instructionSet },
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: { total: totalmem(), available: availableMemory() },
    disk: { available: bavail * bsize, cache: cacheFolder() },
  };
  const score = await tryScore();
  const device = { name: 'cpu', threads: facts.cores };
  const products = await measureProducts({ ...layer, rounds: 3, nBits: [4, 8], kernels, device });
  const integers = await measureIntegerErrors(device);
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...facts, score, layer, products, integers })}\n`
      : `${format(facts, score)}\n\n${formatProducts(products, integers)}\n`,
  );
  return score.ok ? exitStatus.done : exitStatus.badInput;
}

/** A few tokens through the embedded model: loads, computes, and gives losses that can be. */
async function tryScore(): Promise<{ ok: boolean; losses: number[] }> {
  try {
    const options = { kernels: await loadKernels(), device: { name: 'cpu', threads: 1 }, workFolder: tmpdir() };
    const subject = await openSubject(fileURLToPath(probe.model), options);
    const [nll] = await subject.scorer.scoreSequences([probe.ids]);
    await subject.release();
    const losses = [...(nll ?? [])];
    return {
      ok: losses.length === probe.ids.length - 1 && losses.every((loss) => loss > 0 && loss < Math.log(512) * 2),
      losses,
    };
  } catch (error) {
    showError(error);
    return { ok: false, losses: [] };
  }
}

function format(
  facts: {
    lowbit: string;
    node: string;
    onnxruntime: string;
    devices: string[];
    kernels: { implementation: string; instructionSet: string };
    processor: string;
    cores: number;
    memory: { total: number; available: number };
    disk: { available: number; cache: string };
  },
  score: { ok: boolean; losses: number[] },
): string {
  const giga = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  const { kernels, memory, disk } = facts;
  return alignLeft([
    ['lowbit', facts.lowbit],
    ['node', facts.node],
    ['onnxruntime', facts.onnxruntime],
    ['devices', facts.devices.join(', ')],
    [
      'kernels',
      kernels.implementation === 'native'
        ? `native, ${kernels.instructionSet}`
        : 'TypeScript reference (slow): build the native ones with npm run build',
    ],
    ['processor', `${facts.processor}, ${facts.cores} cores`],
    ['memory', `${giga(memory.available)} of ${giga(memory.total)} free`],
    ['disk', `${giga(disk.available)} free here; cache in ${disk.cache}`],
    ['score', score.ok ? `works: ${score.losses.map((loss) => loss.toFixed(3)).join(', ')}` : 'does not work'],
  ]);
}

function formatProducts(products: readonly ProductSpeed[], { unsignedWeights, signedWeights }: IntegerErrors): string {
  const { width, tokens } = layer;
  const head = [`product, ${width}x${width}`, `${tokens} tokens ms`, 'x Gemm', '1 token ms', 'x Gemm'];
  const nameOf = ({ operator, bits, activations }: ProductSpeed): string =>
    `${operator}, ${bits} bits, ${activations} in`;
  const rows = products.map((speed) => [
    nameOf(speed),
    speed.prefill.toFixed(1),
    speed.prefillRatio.toFixed(2),
    speed.decode.toFixed(2),
    speed.decodeRatio.toFixed(2),
  ]);
  const fastest = (key: 'prefill' | 'decode'): string => nameOf(products.toSorted((a, b) => a[key] - b[key])[0]!);
  const share = (error: number): string => (error === 0 ? 'exact' : `wrong by ${(100 * error).toFixed(1)} %`);
  return [
    alignTable([head, ...rows]),
    '',
    `Fastest: ${fastest('prefill')} for ${tokens} tokens, ${fastest('decode')} for one.`,
    `Integer sums: uint8 weights, as Lowbit uses them, ${share(unsignedWeights)}; int8 weights ${share(signedWeights)}.`,
  ].join('\n');
}
