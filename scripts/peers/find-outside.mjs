// What computes models elsewhere, where `node scripts/prepare-outside.mjs` puts it.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { llamaFolder } from './find-llama.mjs';

/** A folder with node_modules; not among the project's own packages, because each of its platforms brings its library. */
export const outsidePackages =
  process.env.LOWBIT_PACKAGES ?? fileURLToPath(new URL('../../.venv/outside', import.meta.url));
export const llamaServer = process.env.LOWBIT_LLAMA_SERVER ?? path.join(llamaFolder, 'build', 'bin', 'llama-server');
export const llamaModel = path.join(llamaFolder, 'SmolLM2-135M-Instruct-f32.gguf');
