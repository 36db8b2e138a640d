import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PreTrainedTokenizer } from '@huggingface/transformers';
import { LowbitError } from '../errors.js';
import { createChatTemplate, findChatTemplate } from './chat-template.js';
import type { ChatMessage, ChatTemplate } from './chat-template.js';
import type { Decoder } from './decoder.js';
import { readEndIds } from './end-ids.js';
import { isJsonObject, parseJsonObject } from './json.js';
import type { JsonObject } from './json.js';
import { correctPreTokenizer } from './pre-tokenizer-corrections.js';

/** Text to token ids and back, as the checkpoint's tokenizer.json says. */
export interface Tokenizer {
  /** `special`: with what the tokenizer's post-processor adds, a BOS for instance. */
  encode(text: string, options: { special: boolean }): Int32Array;
  /** Special tokens are shown unless `special` is false, spaces kept as they are. */
  decode(ids: Iterable<number>, options?: { special?: boolean }): string;
  bosId: number | undefined;
  eosId: number | undefined;
  /** Tokens beside EOS at which the model ends a text (`eos_token_id` of generation_config.json, else config.json). */
  endIds?: readonly number[] | undefined;
  /** Largest id + 1, added tokens included. */
  vocabSize: number;
  /** sha256 over tokenizer.json, tokenizer_config.json and, where there are, chat_template.jinja and `endIds`. */
  digest: string;
  /** Undefined where the model has none. */
  chatTemplate?: ChatTemplate | undefined;
  /** A text encoded with `special` begins with BOS. */
  addsBos: boolean;
  /** Where another thread can open the same tokenizer; a copy that encodes otherwise must leave it out. */
  directory?: string | undefined;
}

/**
 * Reads `tokenizer.json` (and `tokenizer_config.json`, where there is one) of a directory. Errors: TOKENIZER_MISSING.
 * The library is loaded at the first call, because it brings a third of a second of start-up with it; nothing is
 * fetched, as it is handed the files' content. Some MB of text a second; a tokenizer without pre-tokenizer, whose
 * merges cross word borders, takes about 100 KB a second.
 */
export async function openTokenizer(directory: string): Promise<Tokenizer> {
  const file = join(directory, 'tokenizer.json');
  const text = await readText(file);
  if (text === undefined)
    throw new LowbitError(
      'TOKENIZER_MISSING',
      `${directory} must hold tokenizer.json to encode text, and does not; put the model's own there.`,
    );
  const configText = await readText(join(directory, 'tokenizer_config.json'));
  const templateFile = await readText(join(directory, 'chat_template.jinja'));
  const model = parseJsonObject(text, file, 'TOKENIZER_MISSING');
  const given =
    configText === undefined
      ? {}
      : parseJsonObject(configText, join(directory, 'tokenizer_config.json'), 'TOKENIZER_MISSING');
  const config = prepareConfig(given);
  const template = findChatTemplate(templateFile, given);
  const { PreTrainedTokenizer } = await import('@huggingface/transformers');
  const corrected = { ...model, pre_tokenizer: correctPreTokenizer(model.pre_tokenizer) };
  const tokenizer = build(() => new PreTrainedTokenizer(corrected, config), file);
  const vocabulary = tokenizer.get_vocab();
  const bosId = tokenizer.bos_token_id ?? undefined;
  const encode = (words: string, special: boolean): Int32Array =>
    Int32Array.from(tokenizer.encode(words, { add_special_tokens: special }));
  const eosId = tokenizer.eos_token_id ?? undefined;
  const endIds = (await readEndIds(directory)).filter((id) => id !== eosId);
  const others = endIds.length === 0 ? [] : [JSON.stringify(endIds)];
  return {
    directory,
    encode: (words, { special }) => encode(words, special),
    decode: (ids, { special = true } = {}) => {
      const list = [...ids];
      // The library refuses an empty list.
      return list.length === 0
        ? ''
        : tokenizer.decode(list, { clean_up_tokenization_spaces: false, skip_special_tokens: !special });
    },
    bosId,
    eosId,
    endIds,
    vocabSize: [...vocabulary.values()].reduce((size, id) => Math.max(size, id + 1), 0),
    digest: digestTexts(text, configText, ...(templateFile === undefined ? [] : [templateFile]), ...others),
    chatTemplate:
      template === undefined
        ? undefined
        : createChatTemplate(template, (messages) => applyTemplate(tokenizer, template, messages)),
    addsBos: bosId !== undefined && encode('a', true)[0] === bosId,
  };
}

/** Throws TOKENIZER_MISMATCH where the tokenizer has ids for which the model has no embedding. */
export function checkTokenizer(tokenizer: Pick<Tokenizer, 'vocabSize'>, decoder: Pick<Decoder, 'vocabSize'>): void {
  if (tokenizer.vocabSize > decoder.vocabSize)
    throw new LowbitError(
      'TOKENIZER_MISMATCH',
      `The tokenizer's ids must be below the model's vocabulary size ${decoder.vocabSize}, and it has ids up to ${tokenizer.vocabSize - 1}; the two do not belong together.`,
    );
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

/** Text that ends where the assistant is to speak. */
function applyTemplate(tokenizer: PreTrainedTokenizer, template: string, messages: ChatMessage[]): string {
  const options = { chat_template: template, tokenize: false, add_generation_prompt: true } as const;
  return String(tokenizer.apply_chat_template(messages, options));
}

/** Token names may be strings or objects with `content`; the library takes strings. A template is handed over by name. */
function prepareConfig(config: JsonObject): JsonObject {
  const entries = Object.entries(config).filter(([key]) => key !== 'chat_template');
  return Object.fromEntries(
    entries.map(([key, value]) => [key, key.endsWith('_token') && isJsonObject(value) ? value.content : value]),
  );
}

function build<T>(construct: () => T, file: string): T {
  try {
    return construct();
  } catch (error) {
    const message = `${file} must describe a tokenizer, and it cannot be used (${String(error)}).`;
    throw new LowbitError('TOKENIZER_MISSING', message, { cause: error });
  }
}

function digestTexts(...texts: (string | undefined)[]): string {
  const hash = createHash('sha256');
  for (const text of texts)
    hash.update(`${text === undefined ? 'absent' : createHash('sha256').update(text).digest('hex')}\n`);
  return hash.digest('hex');
}
