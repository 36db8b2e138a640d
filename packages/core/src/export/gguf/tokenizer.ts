import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, readJsonObject } from '../../model/json.js';
import type { JsonObject } from '../../model/json.js';
import { checkTokenizer, openTokenizer } from '../../model/tokenizer.js';
import { refuse } from '../format.js';
import type { GgufValue } from './container.js';

/** ggml's token types. */
const types = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

const contractions = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|`;
const rest = String.raw`| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** How llama.cpp calls the ways to cut a text into words, by the pattern or steps of tokenizer.json. */
const splitters: Readonly<Record<string, string>> = {
  [`${contractions}\\p{N}{1,3}${rest}`]: 'llama-bpe',
  [`${contractions}\\p{N}${rest}`]: 'qwen2',
  ByteLevel: 'gpt-2',
  'Digits ByteLevel': 'smollm',
};

/**
 * Byte-level BPE as llama.cpp's vocabulary; "none" where the artifact has no tokenizer. Throws EXPORT_REFUSED for
 * other kinds, TOKENIZER_MISMATCH.
 */
export async function describeTokenizer(folder: string, vocabSize: number): Promise<Record<string, GgufValue>> {
  const file = await readFile(join(folder, 'tokenizer.json'), 'utf8').catch(() => undefined);
  if (file === undefined) return { 'tokenizer.ggml.model': { type: 'string', value: 'none' } };
  const json = JSON.parse(file) as JsonObject;
  const model = isJsonObject(json['model']) ? json['model'] : {};
  const pre = model['type'] === 'BPE' ? splitters[describeSteps(json['pre_tokenizer'])] : undefined;
  if (pre === undefined || json['normalizer'] !== null)
    refuse(
      'gguf',
      `the tokenizer is none of the byte-level ones whose names in llama.cpp are known here (${[...new Set(Object.values(splitters))].join(', ')})`,
      'export without tokenizer.json in the artifact, or convert the tokenizer with llama.cpp',
    );
  const tokenizer = await openTokenizer(folder);
  checkTokenizer(tokenizer, { vocabSize });
  const ids = new Map(Object.entries(model['vocab'] as Record<string, number>));
  const tokens = Array.from({ length: vocabSize }, (_, id) => `[PAD${id}]`);
  const kinds: number[] = tokens.map(() => types.unused);
  for (const [token, id] of ids) [tokens[id], kinds[id]] = [token, types.normal];
  for (const { id, content, special } of json['added_tokens'] as { id: number; content: string; special: boolean }[]) {
    ids.set(content, id);
    [tokens[id], kinds[id]] = [content, special ? types.control : types.userDefined];
  }
  const merges = (model['merges'] as (string | [string, string])[]).map((pair) =>
    typeof pair === 'string' ? pair : pair.join(' '),
  );
  return {
    'tokenizer.ggml.model': { type: 'string', value: 'gpt2' },
    'tokenizer.ggml.pre': { type: 'string', value: pre },
    'tokenizer.ggml.tokens': { type: 'strings', value: tokens },
    'tokenizer.ggml.token_type': { type: 'int32s', value: kinds },
    'tokenizer.ggml.merges': { type: 'strings', value: merges },
    ...(await describeSpecials(folder, ids)),
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: tokenizer.addsBos },
  };
}

/** A Split's pattern, or the names of the steps. */
function describeSteps(preTokenizer: unknown): string {
  if (!isJsonObject(preTokenizer)) return '';
  const steps = (preTokenizer['pretokenizers'] ?? [preTokenizer]) as JsonObject[];
  const [pattern] = steps.flatMap(({ pattern }) => (isJsonObject(pattern) ? [pattern['Regex']] : []));
  if (typeof pattern === 'string') return pattern;
  const isPlain = steps.every(
    ({ type, individual_digits: digits, add_prefix_space: prefix, use_regex: regex }) =>
      (type === 'Digits' && digits === true) || (type === 'ByteLevel' && prefix === false && regex !== false),
  );
  return isPlain ? steps.map(({ type }) => String(type)).join(' ') : '';
}

const specials = {
  bos_token: 'bos_token_id',
  eos_token: 'eos_token_id',
  unk_token: 'unknown_token_id',
  pad_token: 'padding_token_id',
} as const;

async function describeSpecials(folder: string, ids: ReadonlyMap<string, number>): Promise<Record<string, GgufValue>> {
  const config = (await readJsonObject(join(folder, 'tokenizer_config.json'), 'TOKENIZER_MISSING')) ?? {};
  const found: Record<string, GgufValue> = {};
  for (const [key, name] of Object.entries(specials)) {
    const token = config[key];
    const id = ids.get(String(isJsonObject(token) ? token['content'] : token));
    if (id !== undefined) found[`tokenizer.ggml.${name}`] = { type: 'uint32', value: id };
  }
  const prefix = config['add_prefix_space'];
  if (typeof prefix === 'boolean') found['tokenizer.ggml.add_space_prefix'] = { type: 'bool', value: prefix };
  const template = config['chat_template'];
  if (typeof template === 'string') found['tokenizer.chat_template'] = { type: 'string', value: template };
  return found;
}
