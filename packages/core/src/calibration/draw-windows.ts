import { LowbitError } from '../errors.js';
import { PythonRandom } from './python-random.js';

export interface WindowRequest {
  /** Undefined: 128, or as many as there are. */
  samples: number | undefined;
  sequenceLength: number;
  /** Undefined: the first windows. */
  seed: number | undefined;
}

const defaultSamples = 128;

/** `ids` cut into consecutive windows; the first of them. */
export function takeFirst(ids: Int32Array, { samples, sequenceLength }: WindowRequest): Int32Array[] {
  const available = Math.floor(ids.length / sequenceLength);
  const count = samples ?? Math.min(defaultSamples, available);
  if (count > available || count === 0)
    throw new LowbitError(
      'CALIBRATION_SHORT',
      `Calibration needs ${samples ?? 'at least 1'} x ${sequenceLength} tokens, but the text has ${ids.length}, which make ${available} windows; ask for fewer samples or shorter sequences.`,
    );
  return Array.from({ length: count }, (_, index) => ids.slice(index * sequenceLength, (index + 1) * sequenceLength));
}

/** GPTQ's WikiText-2 sampler: windows at random offsets of one token stream, which may overlap. */
export function drawOffsets(ids: Int32Array, seed: number, request: WindowRequest): Int32Array[] {
  const { sequenceLength } = request;
  if (ids.length <= sequenceLength)
    throw new LowbitError(
      'CALIBRATION_SHORT',
      `Drawing windows of ${sequenceLength} tokens needs a text of more than that, but it has ${ids.length}; ask for shorter sequences.`,
    );
  const random = new PythonRandom(seed);
  return repeat(request, () => sliceAtRandom(ids, sequenceLength, random));
}

/**
 * GPTQ's C4 sampler: a random document, drawn again until it is long enough, then a random offset in it. Documents of
 * exactly `sequenceLength` tokens are drawn again too: there the original's range of offsets is empty and it stops.
 */
export function drawFromDocuments(docs: readonly Int32Array[], seed: number, request: WindowRequest): Int32Array[] {
  const { sequenceLength } = request;
  if (!docs.some((doc) => doc.length > sequenceLength))
    throw new LowbitError(
      'CALIBRATION_SHORT',
      `Drawing windows of ${sequenceLength} tokens needs a document of more than that, but the longest of ${docs.length} has ${Math.max(0, ...docs.map((doc) => doc.length))}; ask for shorter sequences or leave out the seed.`,
    );
  const random = new PythonRandom(seed);
  return repeat(request, () => {
    for (;;) {
      const doc = docs[random.randint(0, docs.length - 1)];
      if (doc.length > sequenceLength) return sliceAtRandom(doc, sequenceLength, random);
    }
  });
}

function sliceAtRandom(ids: Int32Array, length: number, random: PythonRandom): Int32Array {
  const offset = random.randint(0, ids.length - length - 1);
  return ids.slice(offset, offset + length);
}

function repeat({ samples }: WindowRequest, draw: () => Int32Array): Int32Array[] {
  return Array.from({ length: samples ?? defaultSamples }, draw);
}
