import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { LowbitError } from '../errors.js';
import type { ErrorCode } from '../errors.js';

/** What the thread answers. */
export type SyncAnswer = { value: unknown } | { code: string; message: string };

/** Grace over the time that all attempts of the thread may take. */
const grace = 5000;

/**
 * Requests whose answer is waited for in place: a tokenizer is asked in the middle of code that does not wait. A thread
 * of its own sends them, and this one sleeps.
 */
export class SyncRequests {
  readonly #worker = new Worker(new URL('./sync-request-worker.js', import.meta.url), { execArgv: [] });
  readonly #done = new Int32Array(new SharedArrayBuffer(4));

  constructor(readonly timeout: number) {
    // Whoever is done need not end it.
    this.#worker.unref();
  }

  /** The answer's JSON; errors are those of `requestJson`. */
  post(url: string, body: unknown): unknown {
    const { port1, port2 } = new MessageChannel();
    Atomics.store(this.#done, 0, 0);
    this.#worker.postMessage({ url, body, timeout: this.timeout, done: this.#done, port: port2 }, [port2]);
    const ended = Atomics.wait(this.#done, 0, 0, 2 * this.timeout * 1000 + grace);
    const answer = receiveMessageOnPort(port1)?.message as SyncAnswer | undefined;
    port1.close();
    if (answer && 'value' in answer) return answer.value;
    if (answer) throw new LowbitError(answer.code as ErrorCode, answer.message);
    throw new LowbitError('SERVER_FAILED', `Expected an answer of ${url}, got none (${ended}); see that it runs.`);
  }
}
