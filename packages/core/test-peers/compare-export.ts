import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { exportArtifact, findExportFormat } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';
import { exportGoldens } from '../test/fixtures/export-goldens.js';
import { tinyIds, tinyLosses } from '../test/fixtures/losses.js';
import { makeArtifactOf, makeTinyArtifact } from '../test/fixtures/tiny-artifact.js';
import type { TinyArtifactOptions } from '../test/fixtures/tiny-artifact.js';

/** Of a token's loss. Loaders in float32 differ by the order of sums; in float16 products and activations round to 2^-11. */
const tolerances: Record<string, number> = { float32: 2e-5, float16: 2e-2 };

interface Answer {
  nll: number[][];
  dtype: string;
  modules: string[];
}

export type ExportPeer = Awaited<ReturnType<typeof startPeer>>;

export function startExportPeer(): Promise<ExportPeer> {
  return startPeer(process.env['LOWBIT_PEERS_PYTHON'] ?? 'python3', 'scripts/peers/export-worker.py', ['2']);
}

export interface Loader {
  format: string;
  loader: string;
  /** Class of its linears. */
  module: string;
}

/**
 * Exports a tiny artifact, loads it with a real loader and compares the losses of every token. Where the artifact is a
 * golden's, these are the golden's bytes.
 */
export async function compareExport(
  t: Test,
  peer: ExportPeer,
  loader: Loader,
  options: TinyArtifactOptions,
): Promise<void> {
  const { ours, theirs, dtype } = await scoreExport(t, peer, loader, options);
  const worst = Math.max(...ours.map((loss, i) => Math.abs(loss - (theirs[i] ?? NaN))));
  t.ok(worst < (tolerances[dtype] ?? 0), `${dtype}: largest difference of a token ${worst}`);
}

/**
 * For quantizers in the forward pass: a value that lies within the error of a sum from half-way between two codes may get
 * either, which moves losses by more than that error. So the difference of losses (root mean square) is held against what
 * the rounding itself changes; another step, absMax / 127 for absMax / 127.5, changes as much as that.
 */
export async function compareRounding(
  t: Test,
  peer: ExportPeer,
  loader: Loader,
  options: TinyArtifactOptions,
  limit: number,
): Promise<void> {
  const { ours, theirs, folder, checkpoint } = await scoreExport(t, peer, loader, options);
  const plain = join(folder, 'plain');
  await makeArtifactOf(checkpoint, plain, { ...options, edit: undefined });
  const share = distance(ours, theirs) / distance(ours, await tinyLosses(plain, folder));
  t.ok(share < limit, `the difference is ${share} of what the rounding changes`);
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((loss, i) => loss - (b[i] ?? NaN)));
}

async function scoreExport(
  t: Test,
  peer: ExportPeer,
  { format, loader, module }: Loader,
  options: TinyArtifactOptions,
): Promise<{ ours: number[]; theirs: number[]; dtype: string; folder: string; checkpoint: string }> {
  const folder = t.testdir();
  // Loaders that compute in float16 should not meet another rounding in the weights.
  const { artifact, checkpoint } = await makeTinyArtifact(folder, { dtype: 'F16', ...options });
  const out = join(folder, 'out');
  await exportArtifact(artifact, findExportFormat(format), out, await loadKernels());
  const golden = exportGoldens.find((each) => each.format === format && each.options === options);
  if (golden) t.equal(await hashOf(join(out, golden.file)), golden.sha256);
  await writePlainTokenizer(out);
  const request = { checkpoint: out, loader, ids: [[...tinyIds]] };
  const { nll, dtype, modules } = (await peer.ask(request)) as Answer;
  t.ok(modules.includes(module), `its linears are ${modules.join(', ')}`);
  return { ours: await tinyLosses(artifact, folder), theirs: nll[0] ?? [], dtype, folder, checkpoint };
}

export async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** GPTQModel opens the tokenizer, and transformers takes special tokens as plain strings only. */
async function writePlainTokenizer(folder: string): Promise<void> {
  const config = { tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<s>', eos_token: '</s>' };
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
}
