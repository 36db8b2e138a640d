import { LowbitError, nearestName } from '../errors.js';

/** How a server is named and asked: `openai:URL#model,tokenizer=PATH,context=N,...`. */
export interface ServerName {
  /** As it was written. */
  path: string;
  /** Of the API, `http://host:8000/v1`. */
  url: string;
  /** Undefined: the only one that it serves. */
  model: string | undefined;
  /** Folder with tokenizer.json; undefined: the server tokenizes. */
  tokenizer: string | undefined;
  /** Tokens that the server takes; undefined: as it says. */
  context: number | undefined;
  /** Requests at a time. */
  concurrency: number;
  /** Seconds for one request. */
  timeout: number;
  /** Further attempts after a failure that may pass. */
  retries: number;
}

const scheme = 'openai:';
const keys = ['tokenizer', 'context', 'concurrency', 'timeout', 'retries'] as const;
const usage = `write ${scheme}http://HOST:PORT#MODEL,tokenizer=FOLDER`;

/** A model that Lowbit does not compute itself: a GGUF file or a server. */
export function isOutside(path: string): boolean {
  return isServer(path) || isGguf(path);
}

export function isServer(path: string): boolean {
  return path.startsWith(scheme);
}

function isGguf(path: string): boolean {
  return /\.gguf$/i.test(path);
}

/** The model's path with its files made absolute by `at`. */
export function resolveModelPath(path: string, at: (path: string) => string): string {
  if (!isServer(path)) return at(path);
  return path
    .split(',')
    .map((part) => part.replace(/^(\s*tokenizer\s*=\s*)(.+)$/, (_, key: string, file: string) => key + at(file.trim())))
    .join(',');
}

/** Throws MODEL_SOURCE. */
export function parseServerName(path: string): ServerName {
  const [address = '', ...pairs] = path.slice(scheme.length).split(',');
  const [base = '', model] = address.trim().split('#', 2);
  const given = new Map(pairs.map((pair) => parsePair(pair)));
  const whole = (key: string, least: number, most = Infinity): number | undefined => {
    const text = given.get(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    throw refuse(`a whole number ${range} for ${key}`, text, usage);
  };
  return {
    path,
    url: parseUrl(base),
    model: model === '' ? undefined : model,
    tokenizer: given.get('tokenizer'),
    context: whole('context', 2),
    concurrency: whole('concurrency', 1) ?? 8,
    // Node's fetch gives up after 300 s whatever it is told.
    timeout: whole('timeout', 1, 300) ?? 120,
    retries: whole('retries', 0) ?? 3,
  };
}

function parsePair(pair: string): [string, string] {
  const [, key = '', value = ''] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
  if ((keys as readonly string[]).includes(key) && value !== '') return [key, value];
  const near = nearestName(key, keys);
  throw refuse(`options of a server among ${keys.join(', ')}`, pair, near ? `did you mean ${near}=...?` : usage);
}

/** Of the API's root, which is `/v1` where nothing is said. */
function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw refuse('the http or https address of a server', text, usage);
  if (url.username || url.password || url.search)
    throw refuse(
      'an address without user, password and query',
      `${url.origin} with one`,
      'set OPENAI_API_KEY for a key',
    );
  const folder = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${/\/v\d+$/.test(folder) ? folder : `${folder}/v1`}`;
}

function refuse(expected: string, got: string, cure: string): LowbitError {
  return new LowbitError('MODEL_SOURCE', `Expected ${expected}, got '${got}'; ${cure}${cure.endsWith('?') ? '' : '.'}`);
}
