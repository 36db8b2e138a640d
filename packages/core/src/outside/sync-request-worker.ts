import { parentPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { toLowbitError } from '../errors.js';
import { requestJson } from './http.js';
import type { SyncAnswer } from './sync-request.js';

interface Message {
  url: string;
  body: unknown;
  timeout: number;
  done: Int32Array;
  port: MessagePort;
}

async function ask({ url, body, timeout }: Message): Promise<SyncAnswer> {
  try {
    return { value: await requestJson(url, { timeout, retries: 1 }, body) };
  } catch (error) {
    const { code, message } = toLowbitError(error);
    return { code, message };
  }
}

/** The thread of `SyncRequests`. */
parentPort?.on('message', (message: Message) => {
  void ask(message).then((answer) => {
    message.port.postMessage(answer);
    Atomics.store(message.done, 0, 1);
    Atomics.notify(message.done, 0);
  });
});
