import { mkdir, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { freemem } from 'node:os';
import { dirname } from 'node:path';

/** They may take this share of the free memory before they go to disk. */
const memoryShare = 0.3;

/** Bytes that the states between two blocks may take in memory. */
export function statesBudget(): number {
  return freemem() * memoryShare;
}

/** Equal-length sequences that go through a block together. */
export interface Batch {
  sequences: number;
  length: number;
}

/**
 * The hidden states between two blocks, one float32 array `[sequences * length, hidden]` a batch. Kept in memory, or in a
 * file when the whole would not fit the given budget. A state read for block b is overwritten by the one that leaves it.
 */
export class HiddenStates {
  #chunks: Float32Array[] = [];
  #file: FileHandle | undefined;

  private constructor(
    readonly batches: readonly Batch[],
    readonly width: number,
    readonly path: string | undefined,
  ) {}

  static async create(
    batches: readonly Batch[],
    width: number,
    options: { budgetBytes: number; path: string },
  ): Promise<HiddenStates> {
    const bytes = batches.reduce((sum, { sequences, length }) => sum + sequences * length, 0) * width * 4;
    const states = new HiddenStates(batches, width, bytes > options.budgetBytes ? options.path : undefined);
    if (states.path !== undefined) {
      await mkdir(dirname(states.path), { recursive: true });
      states.#file = await open(states.path, 'w+');
    }
    return states;
  }

  async write(batch: number, values: Float32Array): Promise<void> {
    if (this.#file === undefined) this.#chunks[batch] = values;
    else
      await this.#file.write(
        new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
        0,
        values.byteLength,
        this.#offset(batch),
      );
  }

  async read(batch: number): Promise<Float32Array> {
    if (this.#file === undefined) return this.#chunks[batch] as Float32Array;
    const { sequences, length } = this.batches[batch] as Batch;
    const values = new Float32Array(sequences * length * this.width);
    await this.#file.read(new Uint8Array(values.buffer), 0, values.byteLength, this.#offset(batch));
    return values;
  }

  async release(): Promise<void> {
    this.#chunks = [];
    await this.#file?.close();
    this.#file = undefined;
    if (this.path !== undefined) await rm(this.path, { force: true });
  }

  #offset(batch: number): number {
    return (
      this.batches.slice(0, batch).reduce((sum, { sequences, length }) => sum + sequences * length, 0) * this.width * 4
    );
  }
}

/** Sequences cut into batches of about `tokens` tokens, each of one length, in order of first occurrence. */
export function planBatches(
  sequences: readonly Int32Array[],
  tokens: number,
): { batches: Batch[]; members: number[][] } {
  const byLength = new Map<number, number[]>();
  for (const [i, { length }] of sequences.entries()) byLength.set(length, [...(byLength.get(length) ?? []), i]);
  const members = [...byLength].flatMap(([length, indices]) => {
    const size = Math.max(1, Math.floor(tokens / length));
    return Array.from({ length: Math.ceil(indices.length / size) }, (_, i) => indices.slice(i * size, (i + 1) * size));
  });
  return { members, batches: members.map((m) => ({ sequences: m.length, length: sequences[m[0] ?? 0]?.length ?? 0 })) };
}
