import { mkdir, readFile, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LowbitError, writeAtomic, z } from '@lowbit/core';
import type { ReportFile, VerdictCounts } from '@lowbit/reports';

/** What was written from the same inputs: the pages of a run, of two runs, or of the list. */
interface Part {
  /** Of the inputs; empty while the files are being written. */
  digest: string;
  /** By their paths in the site. */
  files: string[];
  /** Of two runs. */
  counts?: VerdictCounts | undefined;
}

const path = z
  .string()
  .regex(/^[^\\/]+(?:\/[^\\/]+)*$/)
  .refine((text) => !text.split('/').some((part) => part === '..' || part === '.'));
const shape = z.object({
  formatVersion: z.literal(1),
  parts: z.record(
    z.string(),
    z.object({ digest: z.string(), files: z.array(path), counts: z.record(z.string(), z.number()).optional() }),
  ),
});

const stateFile = 'site.json';

/** The folder of a site: what lies in it, from which inputs, and what may be removed. */
export class SiteState {
  readonly #parts: Map<string, Part>;
  readonly #used = new Set<string>();

  private constructor(
    readonly folder: string,
    parts: Record<string, Part>,
  ) {
    this.#parts = new Map(Object.entries(parts));
  }

  /** Throws USAGE for a folder that holds other things than a site. */
  static async open(folder: string): Promise<SiteState> {
    const text = await readFile(join(folder, stateFile), 'utf8').catch(() => undefined);
    if (text !== undefined) return new SiteState(folder, parseState(text, folder));
    const names = (await readdir(folder)).filter((name) => !name.startsWith('site.lock'));
    if (names.length > 0)
      throw new LowbitError(
        'USAGE',
        `Expected an empty folder or a site in ${folder}, got one with ${names[0]} but without ${stateFile}; name another folder.`,
      );
    return new SiteState(folder, {});
  }

  /** What is known of a part that was made from these inputs and is whole; undefined where it has to be made. */
  async reuse(name: string, digest: string): Promise<Part | undefined> {
    const part = this.#parts.get(name);
    if (!part || part.digest !== digest) return undefined;
    for (const file of part.files)
      if (
        !(await stat(join(this.folder, file)).then(
          (found) => found.isFile(),
          () => false,
        ))
      )
        return undefined;
    this.#used.add(name);
    return part;
  }

  /** Writes a part's files and then says so: what a killed build leaves is known and made again. */
  async write(name: string, digest: string, files: readonly ReportFile[], counts?: VerdictCounts): Promise<void> {
    const paths = files.map(({ file }) => file);
    const before = this.#parts.get(name)?.files ?? [];
    this.#parts.set(name, { digest: '', files: [...new Set([...before, ...paths])] });
    await this.#save();
    for (const { file, content } of files) {
      await mkdir(dirname(join(this.folder, file)), { recursive: true });
      await writeAtomic(join(this.folder, file), content);
    }
    await this.#remove(before.filter((file) => !paths.includes(file)));
    this.#parts.set(name, { digest, files: paths, counts });
    this.#used.add(name);
    await this.#save();
  }

  /** Removes the parts that this build neither wrote nor used. Returns how many. */
  async prune(): Promise<number> {
    const gone = [...this.#parts].filter(([name]) => !this.#used.has(name));
    const kept = new Set([...this.#used].flatMap((name) => this.#parts.get(name)?.files ?? []));
    for (const [name, { files }] of gone) {
      await this.#remove(files.filter((file) => !kept.has(file)));
      this.#parts.delete(name);
    }
    await this.#save();
    return gone.length;
  }

  /** Files, and the folders that they leave empty. */
  async #remove(files: readonly string[]): Promise<void> {
    for (const file of files) {
      await rm(join(this.folder, file), { force: true });
      for (let place = dirname(file); place !== '.'; place = dirname(place))
        if (
          !(await rmdir(join(this.folder, place)).then(
            () => true,
            () => false,
          ))
        )
          break;
    }
  }

  async #save(): Promise<void> {
    const state = {
      formatVersion: 1,
      parts: Object.fromEntries([...this.#parts].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
    await writeAtomic(join(this.folder, stateFile), `${JSON.stringify(state, undefined, 1)}\n`);
  }
}

function parseState(text: string, folder: string): Record<string, Part> {
  try {
    return shape.parse(JSON.parse(text)).parts as Record<string, Part>;
  } catch (cause) {
    throw new LowbitError(
      'USAGE',
      `Expected ${join(folder, stateFile)} to be what lowbit site left there, but it is not; remove the folder, and the site is made anew.`,
      { cause },
    );
  }
}
