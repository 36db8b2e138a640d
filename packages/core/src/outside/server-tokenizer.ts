import { LowbitError } from '../errors.js';
import { digestOf } from '../digest.js';
import { isJsonObject, show } from '../model/json.js';
import type { Tokenizer } from '../model/tokenizer.js';
import { request } from './http.js';
import { SyncRequests } from './sync-request.js';
import { wrong } from './server-forms.js';

export interface TokenizerServer {
  root: string;
  model: string;
  /** Seconds for one request. */
  timeout: number;
}

/**
 * The tokenizer behind `/tokenize` and `/detokenize` of vLLM, llama.cpp and text-generation-inference, which differ in
 * names. A request a text, each waited for: `tokenizer=FOLDER` is faster, and has the chat template.
 */
export async function createServerTokenizer({ root, model, timeout }: TokenizerServer): Promise<Tokenizer> {
  const requests = new SyncRequests(timeout);
  const post = (path: string, body: unknown): unknown => requests.post(`${root}${path}`, body);
  const encode = (text: string, special: boolean): Int32Array =>
    readIds(
      post('/tokenize', {
        ...{ model, prompt: text, content: text, inputs: text },
        ...{ add_special_tokens: special, add_special: special, parse_special: true },
      }),
      `${root}/tokenize`,
    );
  const known = new Map<number, string>();
  const spell = (ids: number[]): string => {
    const value = post('/detokenize', { model, tokens: ids });
    const text = isJsonObject(value) ? (value.prompt ?? value.content) : undefined;
    if (typeof text === 'string') return text;
    throw wrong(`${root}/detokenize`, 'a text', show(value), 'name the tokenizer behind tokenizer=');
  };
  const [plain, whole] = [encode('a', false), encode('a', true)];
  const addsBos = whole[0] !== plain[0];
  const { value: props } = await request(`${root}/props`, { timeout, retries: 0 });
  const named = (key: string): number | undefined => {
    const text = isJsonObject(props) ? props[key] : undefined;
    const ids = typeof text === 'string' && text !== '' ? encode(text, false) : [];
    return ids.length === 1 ? ids[0] : undefined;
  };
  return {
    encode: (text, { special }) => encode(text, special),
    decode: (ids) => {
      const list = [...ids];
      if (list.length !== 1) return list.length === 0 ? '' : spell(list);
      const text = known.get(list[0]) ?? spell(list);
      known.set(list[0], text);
      return text;
    },
    bosId: addsBos ? whole[0] : named('bos_token'),
    eosId: named('eos_token'),
    vocabSize: 0,
    digest: digestOf({ root, model, ids: [...encode('Digest of a tokenizer: 3,14 €\n\n\tñ 東京', true)] }),
    addsBos,
  };
}

function readIds(value: unknown, place: string): Int32Array {
  const list: unknown = isJsonObject(value) ? value.tokens : value;
  const ids: unknown[] = Array.isArray(list) ? list.map((each: unknown) => (isJsonObject(each) ? each.id : each)) : [];
  if (Array.isArray(list) && ids.every((id) => typeof id === 'number' && Number.isInteger(id) && id >= 0))
    return Int32Array.from(ids as number[]);
  throw new LowbitError(
    'SERVER_ANSWER',
    `Expected token ids of ${place}, got ${show(value).slice(0, 80)}; name the folder of the model's tokenizer behind tokenizer=.`,
  );
}
