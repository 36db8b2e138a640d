import { digestOf } from '../digest.js';
import { LowbitError } from '../errors.js';
import { isJsonObject } from '../model/json.js';
import { openTokenizer } from '../model/tokenizer.js';
import { endEncodeThread } from '../scoring/encode-thread.js';
import type { Tokenizer } from '../model/tokenizer.js';
import { version } from '../version.js';
import { request, requestJson } from './http.js';
import type { OutsideInfo, OutsideModel } from './model-info.js';
import { parseServerName } from './model-name.js';
import type { ServerName } from './model-name.js';
import { findForm } from './probe-server.js';
import { createServerScorer } from './server-scorer.js';
import { createServerTokenizer } from './server-tokenizer.js';

/** What a server says of itself and the model: nothing of it is verified. */
interface Reported {
  model: string;
  /** As it lists the model, and what it says of itself, without what changes from call to call. */
  facts: Record<string, unknown>;
  contextLength: number | undefined;
  parameters: number;
  vocabSize: number | undefined;
}

/**
 * A model behind an OpenAI-compatible server, from what it says of itself. Its identity is the server's word: another model
 * under the same name, address and report is not noticed.
 */
export async function inspectServer(path: string): Promise<OutsideInfo> {
  const name = parseServerName(path);
  const reported = await askIdentity(name);
  const contextLength = name.context ?? reported.contextLength;
  if (contextLength === undefined)
    throw new LowbitError(
      'MODEL_SOURCE',
      `Expected ${name.url} to say how many tokens ${reported.model} takes, and it does not; set context=N behind its name.`,
    );
  return {
    path,
    name: reported.model,
    family: 'unknown',
    digest: digestOf({ url: name.url, ...reported.facts }),
    decoder: undefined,
    parameters: reported.parameters,
    bitsPerWeight: NaN,
    recipe: { name: 'as served', steps: [{ method: 'openai', version, options: {} }], bits: undefined },
    calibration: undefined,
    layers: [],
    vocabSize: reported.vocabSize ?? Infinity,
    contextLength,
    source: {
      engine: 'openai server',
      identity: 'reported',
      facts: { url: name.url, ...reported.facts },
    },
    memoryBytes: 0,
  };
}

/** Opens it: the form in which it gives log-probabilities is found and checked, or it is refused. */
export async function openServer(path: string): Promise<OutsideModel> {
  const info = await inspectServer(path);
  const name = parseServerName(path);
  const tokenizer = await openServerTokenizer(path, info);
  const options = { timeout: name.timeout, retries: name.retries };
  const server = {
    url: name.url,
    root: rootOf(name.url),
    model: info.name,
    tokenizer,
    post: (url: string, body: unknown) => requestJson(url, options, body),
  };
  const form = await findForm(server, tokenizer);
  const { vocabSize, contextLength } = info;
  return {
    ...info,
    source: { ...info.source, facts: { ...info.source.facts, answers: form.name } },
    scorer: createServerScorer(server, form, { vocabSize, contextLength, concurrency: name.concurrency }),
    tokenizer: () => Promise.resolve(tokenizer),
    release: () => endEncodeThread(tokenizer),
  };
}

/** From the folder that its name gives, else by its own `/tokenize`. */
export function openServerTokenizer(path: string, { name: model }: Pick<OutsideInfo, 'name'>): Promise<Tokenizer> {
  const { tokenizer, url, timeout } = parseServerName(path);
  return tokenizer === undefined
    ? createServerTokenizer({ root: rootOf(url), model, timeout })
    : openTokenizer(tokenizer);
}

function rootOf(url: string): string {
  return url.replace(/\/v\d+$/, '');
}

async function askIdentity({ url, model, timeout, retries }: ServerName): Promise<Reported> {
  const options = { timeout, retries };
  const listed = await requestJson(`${url}/models`, options);
  const data: unknown = isJsonObject(listed) ? listed.data : undefined;
  const served = (Array.isArray(data) ? data : []).filter(isJsonObject);
  const names = served.map(({ id }) => String(id));
  const entry = model === undefined && served.length === 1 ? served[0] : served.find(({ id }) => id === model);
  if (entry === undefined)
    throw new LowbitError(
      'MODEL_SOURCE',
      `Expected one of the models that ${url} serves (${names.slice(0, 8).join(', ') || 'none'}), got '${model ?? ''}'; name it after #.`,
    );
  const own = async (path: string): Promise<Record<string, unknown>> => {
    const { status, value } = await request(`${rootOf(url)}${path}`, options);
    return status === 200 && isJsonObject(value) ? value : {};
  };
  // vLLM, llama.cpp, text-generation-inference; the others know none of these.
  const [{ version: vllm }, props, info] = [await own('/version'), await own('/props'), await own('/info')];
  const meta = isJsonObject(entry.meta) ? entry.meta : {};
  const settings = isJsonObject(props.default_generation_settings) ? props.default_generation_settings : {};
  const { id, root, owned_by, max_model_len } = entry;
  const { build_info, model_path } = props;
  const { model_id, model_sha, version: tgi, max_total_tokens, max_input_tokens } = info;
  const lengths = [max_model_len, settings.n_ctx, max_total_tokens, max_input_tokens].map(wholeNumber);
  const facts = {
    ...{ model: id, root, owned_by, max_model_len, meta: entry.meta, vllm, build_info, model_path },
    ...{ model_id, model_sha, tgi },
  };
  return {
    model: String(id),
    facts: Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== null)),
    contextLength: lengths.find((length) => length !== undefined),
    parameters: wholeNumber(meta.n_params) ?? NaN,
    vocabSize: wholeNumber(meta.n_vocab),
  };
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined;
}
