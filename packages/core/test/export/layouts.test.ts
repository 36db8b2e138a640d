import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { exportArtifact, findExportFormat, readSafetensorsHeader, storeAffine } from '@lowbit/core';
import type { LayerDraft } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import type { GridSpec } from '@lowbit/kernels';
import { exportGoldens } from '../fixtures/export-goldens.js';
import { makeTinyArtifact } from '../fixtures/tiny-artifact.js';
import type { TinyArtifactOptions } from '../fixtures/tiny-artifact.js';

const kernels = await loadKernels();
const layer = 'model.layers.0.mlp.gate_proj';
const [rows, cols] = [160, 64];

/** Codes that count along rows or columns, so that the known words of methods.md 1.9 come out. */
function countingCodes(along: 'rows' | 'cols') {
  return async (draft: LayerDraft, spec: GridSpec): Promise<void> => {
    const { rows, cols } = draft.linear;
    const groups = spec.granularity === 'group' ? cols / spec.groupSize : 1;
    const modulus = 2 ** Math.min(3, spec.grid.bits);
    const codes = Uint8Array.from({ length: rows * cols }, (_, i) =>
      along === 'cols' ? (i % cols) % modulus : Math.floor(i / cols) % modulus,
    );
    const scales = Float32Array.from({ length: rows * groups }, (_, i) => 2 ** -((i % 8) + 3));
    const zeroPoints = spec.grid.symmetric
      ? undefined
      : Float32Array.from(
          { length: rows * groups },
          (_, i) => 1 + (Math.floor(i / groups) % 8) / (spec.grid.bits === 2 ? 8 : 1),
        );
    await draft.encode(
      [await storeAffine({ codes, parameters: { scales, zeroPoints, groups } }, draft.linear, spec, kernels)],
      {
        method: 'counting',
      },
    );
  };
}

async function exportTo(t: Test, format: string, options: TinyArtifactOptions): Promise<string> {
  const folder = t.testdir();
  const { artifact } = await makeTinyArtifact(folder, options);
  await exportArtifact(artifact, findExportFormat(format), join(folder, 'out'), kernels);
  return join(folder, 'out');
}

async function readWords(folder: string, suffix: string): Promise<{ words: number[]; shape: number[] }> {
  const { tensors } = await readSafetensorsHeader(join(folder, 'model.safetensors'));
  const found = tensors.get(`${layer}.${suffix}`);
  if (!found) throw new Error(`no ${suffix}`);
  const file = await readFile(found.file);
  const bytes = file.subarray(found.offset, found.offset + found.bytes);
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(4 * i));
  return { words, shape: found.shape };
}

const hex = (word: number | undefined): string => (word ?? 0).toString(16).padStart(8, '0');

t.test('gptq: codes 0 to 7 along the inputs, zero points minus one along the outputs', async (t) => {
  const asymmetric = { grid: { symmetric: false }, encode: countingCodes('cols') };
  const v1 = await exportTo(t, 'gptq', asymmetric);
  const { words, shape } = await readWords(v1, 'qweight');
  t.same(shape, [cols / 8, rows]);
  t.ok(words.every((word) => hex(word) === '76543210'));
  const zeros = await readWords(v1, 'qzeros');
  t.same(zeros.shape, [2, rows / 8]);
  t.equal(hex(zeros.words[0]), '76543210', 'zero points 1 to 8');
});

t.test('gptq-v2: zero points as they are; 3 bits are one stream over three words', async (t) => {
  const folder = await exportTo(t, 'gptq-v2', { grid: { symmetric: false }, encode: countingCodes('cols') });
  t.equal(hex((await readWords(folder, 'qzeros')).words[0]), '87654321');
  const three = await exportTo(t, 'gptq-v2', { grid: { bits: 3 }, encode: countingCodes('cols') });
  const { words, shape } = await readWords(three, 'qweight');
  t.same(shape, [6, rows]);
  t.same(
    [0, 1, 2].map((i) => hex(words[i * rows])),
    ['88fac688', 'c688fac6', 'fac688fa'],
  );
});

t.test('awq: codes 0 to 7 along the outputs, interleaved', async (t) => {
  const folder = await exportTo(t, 'awq', { grid: { symmetric: false }, encode: countingCodes('rows') });
  const { words, shape } = await readWords(folder, 'qweight');
  t.same(shape, [cols, rows / 8]);
  t.ok(words.every((word) => hex(word) === '75316420'));
  t.equal(hex((await readWords(folder, 'qzeros')).words[0]), '86427531', 'zero points 1 to 8');
});

t.test('compressed-tensors: codes along the inputs, ten of 3 bits a word', async (t) => {
  const four = await exportTo(t, 'compressed-tensors', { encode: countingCodes('cols') });
  t.ok((await readWords(four, 'weight_packed')).words.every((word) => hex(word) === '76543210'));
  const three = await exportTo(t, 'compressed-tensors', { grid: { bits: 3 }, encode: countingCodes('cols') });
  const { words, shape } = await readWords(three, 'weight_packed');
  t.same(shape, [rows, 7]);
  const fields = Array.from({ length: 70 }, (_, i) => ((words[Math.floor(i / 10)] ?? 0) >>> (3 * (i % 10))) & 7);
  t.same(fields, [...Array.from({ length: 64 }, (_, i) => i % 8), 0, 0, 0, 0, 0, 0], 'padded with zeros');
});

for (const { format, of = '', options, file, sha256 } of exportGoldens)
  t.test(`${format} ${of}: the bytes that a real loader read`, async (t) => {
    const folder = await exportTo(t, format, options);
    const hash = createHash('sha256').update(await readFile(join(folder, file)));
    t.equal(hash.digest('hex'), sha256);
  });
