import { totalmem } from 'node:os';
import { blockLinears } from '../model/decoder.js';
import type { Decoder } from '../model/decoder.js';

/** What goes through the model in one run. */
export interface BatchSize {
  /** Of the body. */
  tokens: number;
  /** Of the head, whose logits are held. */
  rows: number;
}

/** Enough to fill the multiply units, few enough to stay in cache. 128 rows of 49,152 logits are 25 MB. */
const most: BatchSize = { tokens: 2048, rows: 128 };
const least: BatchSize = { tokens: 128, rows: 8 };
/** The part of the machine's memory that activations may take, and logits. */
const share = 1 / 32;

/**
 * As large as is of use, less where a wide model's activations would take more than their share of `memory`. Of all memory and
 * not of what is free: another size sums in another order, and a machine should give one result.
 */
export function sizeBatches(decoder: Decoder, memory = machineMemory()): BatchSize {
  const fit = (bytes: number, kind: keyof BatchSize): number =>
    Math.max(least[kind], Math.min(most[kind], Math.floor((memory * share) / bytes)));
  return { tokens: fit(bytesPerToken(decoder), 'tokens'), rows: fit(12 * decoder.vocabSize, 'rows') };
}

/** Of the activations that are alive at once. */
export function bytesPerToken({ blocks, hiddenSize }: Decoder): number {
  const widest = Math.max(...blocks.flatMap(blockLinears).map(({ rows, cols }) => Math.max(rows, cols)));
  return 4 * (8 * hiddenSize + 3 * widest);
}

/** Bytes that this process may still take. */
export function availableMemory(): number {
  return process.availableMemory();
}

function machineMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
