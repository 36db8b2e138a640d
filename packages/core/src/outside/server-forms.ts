import { LowbitError } from '../errors.js';
import { isJsonObject, show } from '../model/json.js';
import type { Tokenizer } from '../model/tokenizer.js';

/** What a server says of the tokens of a sequence from the first scored one on. */
export interface TokenAnswers {
  /** Natural logarithms. */
  logprobs: number[];
  /** Whether it is the likeliest token; undefined where the server does not say which that is. */
  greedy: (boolean | undefined)[];
  /** Log-probability of the likeliest token; undefined where the server does not say. */
  top: (number | undefined)[];
  /** Each token as the server spells it; undefined where it does not. */
  texts: (string | undefined)[];
}

interface TokenAnswer {
  logprob: number;
  top: number | undefined;
  text: unknown;
}

export interface ServerConnection {
  /** Of the OpenAI API, `http://host/v1`, and of what the server has besides. */
  url: string;
  root: string;
  model: string;
  tokenizer: Pick<Tokenizer, 'decode' | 'bosId' | 'addsBos'>;
  post(url: string, body: unknown): Promise<unknown>;
}

/** One of the ways in which servers give log-probabilities of tokens that they are handed. */
export interface AnswerForm {
  name: string;
  /** Positions that a request takes beyond the sequence. */
  extraTokens: number;
  /** Of `ids[from]` and all after it, each given all before. SERVER_ANSWER where the answer does not say it. */
  score(server: ServerConnection, ids: Int32Array, from: number): Promise<TokenAnswers>;
}

/** OpenAI's own, which lm-evaluation-harness's `local-completions` uses: the prompt is echoed. */
export const echo: AnswerForm = {
  name: 'echo',
  extraTokens: 1,
  async score({ url, model, post }, ids, from) {
    const place = `${url}/completions`;
    const asked = { model, prompt: [...ids], max_tokens: 1, temperature: 0, logprobs: 1, echo: true };
    const { logprobs } = firstChoice(await post(place, asked), place);
    const own: unknown = isJsonObject(logprobs) ? logprobs.token_logprobs : undefined;
    const tops: unknown = isJsonObject(logprobs) ? logprobs.top_logprobs : undefined;
    const texts: unknown = isJsonObject(logprobs) ? logprobs.tokens : undefined;
    // One more is of the token that had to be generated. A server that leaves BOS out of the echo has one less.
    if (!Array.isArray(own) || own.length !== ids.length + 1)
      throw lacks(place, ids.length + 1, Array.isArray(own) ? own.length : 0);
    return collect(ids, from, (at) => {
      const top: unknown = Array.isArray(tops) ? tops[at] : undefined;
      const values = isJsonObject(top) ? Object.values(top).map((value) => readLogprob(value, place)) : [];
      const text: unknown = Array.isArray(texts) ? texts[at] : undefined;
      return { logprob: readLogprob(own[at], place), top: values.length > 0 ? Math.max(...values) : undefined, text };
    });
  },
};

/** vLLM's: each token of the prompt by its id, with its rank. */
export const promptLogprobs: AnswerForm = {
  name: 'prompt_logprobs',
  extraTokens: 1,
  async score({ url, model, post }, ids, from) {
    const place = `${url}/completions`;
    const asked = { model, prompt: [...ids], max_tokens: 1, temperature: 0, prompt_logprobs: 1 };
    const found = firstChoice(await post(place, asked), place).prompt_logprobs;
    if (!Array.isArray(found) || found.length !== ids.length)
      throw lacks(place, ids.length, Array.isArray(found) ? found.length : 0);
    return collect(ids, from, (at) => {
      const entry: unknown = found[at];
      const own = isJsonObject(entry) ? entry[String(ids[at])] : undefined;
      if (!isJsonObject(entry) || !isJsonObject(own)) throw otherTokens(place, ids[at], at);
      const values = Object.values(entry).map((each) =>
        readLogprob(isJsonObject(each) ? each.logprob : undefined, place),
      );
      return { logprob: readLogprob(own.logprob, place), top: Math.max(...values), text: own.decoded_token };
    });
  },
};

/**
 * llama.cpp's own `/completion`, whose `/v1/completions` has no log-probabilities of a prompt: one request a scored token.
 * A bias makes the server choose the token; the probabilities that it tells are those before any bias or sampler.
 */
export const llamaCompletion: AnswerForm = {
  name: 'llama.cpp',
  extraTokens: 0,
  async score({ root, post }, ids, from) {
    const place = `${root}/completion`;
    const answers: TokenAnswer[] = [];
    for (let at = from; at < ids.length; at++) {
      const choice = { n_predict: 1, n_probs: 1, temperature: 0, logit_bias: [[ids[at], 1e6]], cache_prompt: true };
      const value = await post(place, { prompt: [...ids.subarray(0, at)], ...choice });
      const all: unknown = isJsonObject(value) ? value.completion_probabilities : undefined;
      const told: unknown = Array.isArray(all) ? all[0] : undefined;
      if (!isJsonObject(told)) throw lacks(place, 1, 0);
      if (told.id !== ids[at]) throw otherTokens(place, ids[at], at);
      const first: unknown = Array.isArray(told.top_logprobs) ? told.top_logprobs[0] : undefined;
      answers.push({
        logprob: readLogprob(told.logprob, place),
        top: isJsonObject(first) ? readLogprob(first.logprob, place) : undefined,
        text: told.token,
      });
    }
    return collect(ids, from, (at) => answers[at - from]);
  },
};

/** text-generation-inference's `/generate`, which takes text and tells ids; it does not tell the likeliest token. */
export const textGeneration: AnswerForm = {
  name: 'text-generation-inference',
  extraTokens: 1,
  async score({ root, tokenizer, post }, ids, from) {
    const place = `${root}/generate`;
    const { bosId, addsBos } = tokenizer;
    // The server adds what the tokenizer adds.
    const inputs = tokenizer.decode(addsBos && ids[0] === bosId ? ids.subarray(1) : ids);
    const parameters = { decoder_input_details: true, details: true, max_new_tokens: 1, do_sample: false };
    const value = await post(place, { inputs, parameters });
    const details = isJsonObject(value) ? value.details : undefined;
    const prefill: unknown = isJsonObject(details) ? details.prefill : undefined;
    if (!Array.isArray(prefill) || prefill.length === 0) throw lacks(place, ids.length, 0);
    if (prefill.length !== ids.length) throw otherTokens(place, ids[prefill.length] ?? -1, prefill.length);
    return collect(ids, from, (at) => {
      const token: unknown = prefill[at];
      if (!isJsonObject(token) || token.id !== ids[at]) throw otherTokens(place, ids[at], at);
      return { logprob: readLogprob(token.logprob, place), top: undefined, text: token.text };
    });
  },
};

function collect(ids: Int32Array, from: number, read: (at: number) => TokenAnswer): TokenAnswers {
  const answers = Array.from({ length: ids.length - from }, (_, index) => read(from + index));
  return {
    logprobs: answers.map(({ logprob }) => logprob),
    top: answers.map(({ top }) => top),
    texts: answers.map(({ text }) => (typeof text === 'string' ? text : undefined)),
    greedy: answers.map(({ logprob, top }) => (top === undefined ? undefined : logprob >= top)),
  };
}

function firstChoice(value: unknown, place: string): Record<string, unknown> {
  const choices: unknown = isJsonObject(value) ? value.choices : undefined;
  const [choice]: unknown[] = Array.isArray(choices) ? choices : [];
  if (isJsonObject(choice)) return choice;
  throw wrong(place, 'a choice', show(value), 'name the address of an OpenAI-compatible server');
}

/** A little above 0 by rounding is let pass, and is 0. */
function readLogprob(value: unknown, place: string): number {
  if (typeof value === 'number' && value <= 1e-3) return Math.min(0, value);
  throw wrong(
    place,
    'a log-probability of at most 0 for each token',
    show(value),
    'this server cannot score: see its log',
  );
}

function lacks(place: string, wanted: number, got: number): LowbitError {
  return wrong(
    place,
    `log-probabilities of ${wanted} tokens, those that it was handed among them`,
    `${got}`,
    'use a server that gives them for prompts (docs/outside-models.md)',
  );
}

function otherTokens(place: string, id: number, at: number): LowbitError {
  return wrong(
    place,
    `the score of token ${id} at place ${at}`,
    'that of another',
    'see that tokenizer= names the tokenizer of the model that is served',
  );
}

export function wrong(place: string, expected: string, got: string, cure: string): LowbitError {
  return new LowbitError('SERVER_ANSWER', `Expected ${expected} of ${place}, got ${got.slice(0, 80)}; ${cure}.`);
}
