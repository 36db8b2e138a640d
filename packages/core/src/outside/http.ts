import { setTimeout as sleep } from 'node:timers/promises';
import { LowbitError, reasonOf } from '../errors.js';

export interface HttpOptions {
  /** Seconds for one attempt. */
  timeout: number;
  /** Further attempts after a failure that may pass. */
  retries: number;
}

export interface HttpAnswer {
  status: number;
  /** Undefined where the body is no JSON. */
  value: unknown;
  /** Its beginning, for messages. */
  text: string;
}

/** Statuses that a server may take back: busy, too many requests, or restarting behind a proxy. */
const passing = new Set([408, 409, 425, 429, 500, 502, 503, 504]);
const firstPause = 200;
const longestPause = 20_000;

/**
 * GET, or POST where there is a body. A time-out, a broken connection and a status that may pass are tried again, at most
 * `retries` times; then SERVER_FAILED. Other statuses are returned: what they mean is the caller's. `OPENAI_API_KEY` goes along.
 */
export async function request(url: string, { timeout, retries }: HttpOptions, body?: unknown): Promise<HttpAnswer> {
  const key = process.env['OPENAI_API_KEY'];
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(key ? { authorization: `Bearer ${key}` } : {}),
  };
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  for (let attempt = 0; ; attempt++) {
    let failure: string;
    let pause = Math.min(longestPause, firstPause * 2 ** attempt);
    let cause: unknown;
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeout * 1000) });
      const text = await response.text();
      const { status } = response;
      if (!passing.has(status)) return { status, value: parse(text), text: text.slice(0, 200) };
      failure = `status ${status}${excerpt(text)}`;
      pause = Math.min(longestPause, Math.max(pause, 1000 * (Number(response.headers.get('retry-after')) || 0)));
    } catch (error) {
      cause = error;
      failure = describeFailure(error, timeout);
    }
    if (attempt === retries)
      throw new LowbitError(
        'SERVER_FAILED',
        `Expected an answer of ${url}, got ${failure} in ${attempt + 1} ${attempt === 0 ? 'attempt' : 'attempts'}; see that the server runs, or set timeout= and retries= behind its name.`,
        { cause },
      );
    await sleep(pause);
  }
}

/** The same where only an answer of status 200 in JSON will do: SERVER_FAILED for a refusal, SERVER_ANSWER for no JSON. */
export async function requestJson(url: string, options: HttpOptions, body?: unknown): Promise<unknown> {
  const { status, value, text } = await request(url, options, body);
  if (status !== 200)
    throw new LowbitError(
      'SERVER_FAILED',
      `Expected ${url} to take the request, got status ${status}${excerpt(text)}; correct what the server names.`,
    );
  if (value === undefined)
    throw new LowbitError(
      'SERVER_ANSWER',
      `Expected JSON of ${url}, got other text${excerpt(text)}; name the address of an OpenAI-compatible server.`,
    );
  return value;
}

/** Results in the order of the items, at most `limit` at work at a time; the first failure ends it. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const index = next++;
      try {
        results[index] = await work(items[index], index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}

function describeFailure(error: unknown, timeout: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `none within ${timeout} s`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return `a broken connection (${reasonOf(cause) || 'refused'})`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function excerpt(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim().slice(0, 160);
  return flat === '' ? '' : ` (${flat})`;
}
