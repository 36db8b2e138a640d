import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonObject } from './json.js';

/** `eos_token_id` of a folder's generation_config.json, else of its config.json, as transformers' `generate` has it. */
export async function readEndIds(directory: string): Promise<number[]> {
  for (const name of ['generation_config.json', 'config.json']) {
    const file = join(directory, name);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const { eos_token_id: given } = parseJsonObject(text, file, 'TOKENIZER_MISSING');
    return (Array.isArray(given) ? given : [given]).filter((id): id is number => Number.isInteger(id));
  }
  return [];
}
