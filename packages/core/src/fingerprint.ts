import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Kernels } from '@lowbit/kernels';
import { digestOf } from './digest.js';
import { runtimeVersion } from './engine/runtime.js';

/**
 * Hash of everything that computes a value whatever the method and task: the compiled code of core and kernels with the
 * native library, onnxruntime's version, the device, and what the kernels run on.
 */
export async function fingerprintEngine(kernels: Kernels, device: string): Promise<string> {
  return digestOf({
    core: await fingerprintCode(new URL('.', import.meta.url)),
    kernels: await fingerprintCode(new URL('.', import.meta.resolve('@lowbit/kernels'))),
    onnxruntime: runtimeVersion,
    device,
    implementation: kernels.implementation,
    instructionSet: kernels.instructionSet,
  });
}

const isCode = (name: string): boolean => /\.(?:[cm]?js|node)$/.test(name);

/** Hash of the code in a folder, or of a module file with the files that it imports by relative path. */
export async function fingerprintCode(location: URL): Promise<string> {
  const path = fileURLToPath(location);
  const files = (await stat(path)).isDirectory() ? await listCode(path) : [...(await followImports(path, new Set()))];
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file)).update('\n');
  return hash.digest('hex');
}

/**
 * The file of a plugin's own, `<folder>/<name>.js`, where a package keeps one file a method; else the whole folder. So a
 * change in one method leaves the cells of the others valid.
 */
export async function locatePlugin(code: URL, name: string): Promise<URL> {
  const own = new URL(`./${name.replaceAll('_', '-')}.js`, code);
  const isThere = await stat(fileURLToPath(own)).then(
    (found) => found.isFile(),
    () => false,
  );
  return code.pathname.endsWith('/') && isThere ? own : code;
}

async function listCode(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter(isCode)
    .sort()
    .map((name) => join(folder, name));
}

async function followImports(file: string, seen: Set<string>): Promise<Set<string>> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = await readFile(file, 'utf8');
  for (const [, specifier = ''] of text.matchAll(/(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g))
    await followImports(join(dirname(file), specifier), seen);
  return seen;
}
