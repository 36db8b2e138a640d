import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, join, parse } from 'node:path';

/** Bytes of a tensor inside the data file. */
export interface DataEntry {
  file: string;
  offset: number;
  bytes: number;
}

const alignment = 64;

/** The file of weights beside a graph: tensors one after the other, each at a multiple of 64 bytes. */
export class DataFile {
  #offset = 0;

  private constructor(
    readonly path: string,
    readonly handle: FileHandle,
  ) {}

  static async create(path: string): Promise<DataFile> {
    return new DataFile(path, await open(path, 'wx'));
  }

  async add(data: Uint8Array): Promise<DataEntry> {
    await this.handle.writeFile(data);
    const gap = (alignment - (data.length % alignment)) % alignment;
    if (gap > 0) await this.handle.writeFile(new Uint8Array(gap));
    const offset = this.#offset;
    this.#offset += data.length + gap;
    // A graph states locations relative to the root; below the root, this one is relative to the graph.
    const file = join(parse(process.cwd()).root, basename(this.path));
    return { file, offset, bytes: data.length };
  }

  async close(): Promise<void> {
    await this.handle.sync();
    await this.handle.close();
  }
}
