import { createHash } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { LowbitError, reasonOf } from '../errors.js';
import type { TokenSequence } from './encode.js';
import { hashTokenIds } from './token-ids.js';

/**
 * Final hidden states of the scored tokens, float32 `[scored, width]` a sequence, in one file named by the hash of the
 * sequences: states of other tokens cannot be taken for these. `hidden size x tokens`, where logits would be
 * `vocabulary x tokens`.
 */
export class KeptStates {
  #width = 0;

  private constructor(
    readonly file: FileHandle,
    readonly path: string,
    /** First row of each sequence, and the number of all. */
    readonly rows: readonly number[],
  ) {}

  /** To be written; the file has its name once `finish` is done. */
  static async create(folder: string, sequences: readonly TokenSequence[]): Promise<KeptStates> {
    await mkdir(folder, { recursive: true });
    const path = pathOf(folder, sequences);
    return new KeptStates(await open(`${path}.part`, 'w'), path, rowsOf(sequences));
  }

  /** To be read. BASELINE_MISSING where these sequences were not kept. */
  static async open(folder: string, sequences: readonly TokenSequence[]): Promise<KeptStates> {
    const path = pathOf(folder, sequences);
    const rows = rowsOf(sequences);
    const file = await open(path, 'r').catch((cause: unknown) => {
      throw new LowbitError(
        'BASELINE_MISSING',
        `Expected the float model's states of the same tokens to compare with, found none (${reasonOf(cause)}); run it again from float on.`,
        { cause },
      );
    });
    const states = new KeptStates(file, path, rows);
    states.#width = (await file.stat()).size / 4 / (rows.at(-1) ?? 1);
    return states;
  }

  async write(sequence: number, values: Float32Array): Promise<void> {
    const [begin, end] = this.#rowsOf(sequence);
    this.#width = values.length / (end - begin);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    // A disk that fills up takes a part before it says so.
    for (let done = 0; done < bytes.length;) {
      const place = begin * this.#width * 4 + done;
      done += (await this.file.write(bytes, done, bytes.length - done, place)).bytesWritten;
    }
  }

  async read(sequence: number): Promise<Float32Array> {
    const [begin, end] = this.#rowsOf(sequence);
    const bytes = new Uint8Array((end - begin) * this.#width * 4);
    for (let done = 0; done < bytes.length;) {
      const place = begin * this.#width * 4 + done;
      const { bytesRead } = await this.file.read(bytes, done, bytes.length - done, place);
      if (bytesRead === 0)
        throw new LowbitError(
          'BASELINE_MISSING',
          `Expected ${this.path} to hold the states of ${this.rows.at(-1)} tokens, but it ends early; run it again from float on.`,
        );
      done += bytesRead;
    }
    return new Float32Array(bytes.buffer);
  }

  async finish(): Promise<void> {
    await this.file.close();
    await rename(`${this.path}.part`, this.path);
  }

  close(): Promise<void> {
    return this.file.close();
  }

  #rowsOf(sequence: number): [number, number] {
    return [this.rows[sequence], this.rows[sequence + 1]];
  }
}

function rowsOf(sequences: readonly TokenSequence[]): number[] {
  const rows = [0];
  for (const { ids, scoredFrom } of sequences) rows.push(rows[rows.length - 1] + ids.length - scoredFrom);
  return rows;
}

function pathOf(folder: string, sequences: readonly TokenSequence[]): string {
  const hash = createHash('sha256');
  for (const { ids, scoredFrom } of sequences) hash.update(`${ids.length},${scoredFrom};`);
  return join(folder, `${hash.update(hashTokenIds(sequences.map(({ ids }) => ids))).digest('hex')}.f32`);
}
