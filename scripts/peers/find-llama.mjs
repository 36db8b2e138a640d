// llama.cpp's perplexity tool and its model, where `node scripts/prepare-llama.mjs` puts them; else undefined.
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../.venv/llama', import.meta.url));
/** Through links, so that a second checkout which shares it does not build it again: its paths are in the flags. */
export const llamaFolder = existsSync(folder) ? realpathSync(folder) : folder;

export function findLlama() {
  const tool = path.join(llamaFolder, 'build', 'bin', 'llama-perplexity');
  const model = path.join(llamaFolder, 'SmolLM2-135M-Instruct-f32.gguf');
  return existsSync(tool) && existsSync(model) ? { tool, model } : undefined;
}

/** Runs the tool over the first `chunks` windows of a text; tokens per second by its own clock, loading and tokenizing left out. */
export function llamaTokensPerSecond({ tool, model }, { text, window, chunks, threads }) {
  const sizes = ['-c', window, '-b', Math.max(window, 2048), '-ub', 512, '--chunks', chunks, '-t', threads];
  const { stderr, stdout, status } = spawnSync(tool, ['-m', model, '-f', text, ...sizes.map(String)], {
    encoding: 'utf8',
  });
  // "calculating perplexity over 32 chunks, n_ctx=64, batch_size=2048, n_seq=32", then "4.21 seconds per pass".
  const log = `${stdout}${stderr}`;
  const [, sequences] = /n_seq=(\d+)/.exec(log) ?? [];
  const [, seconds] = /([\d.]+) seconds per pass/.exec(log) ?? [];
  if (status !== 0 || sequences === undefined || seconds === undefined)
    throw new Error(`llama-perplexity failed: ${stderr.slice(-300)}`);
  return (Number(sequences) * window) / Number(seconds);
}
