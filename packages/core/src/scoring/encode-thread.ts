import { Worker } from 'node:worker_threads';
import { LowbitError, reasonOf } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { LogLikelihood } from '../task.js';
import type { EncodedRequest } from './encode-requests.js';

export interface EncodeQuestion {
  id: number;
  requests: readonly LogLikelihood[];
  contextLength: number;
}

/** One array for all sequences, since each array handed over costs as much as a thousand ids. */
export interface EncodedSequences {
  ids: Int32Array;
  /** Tokens of each sequence, the first one scored, and context tokens cut. */
  lengths: Int32Array;
  scoredFrom: Int32Array;
  lost: Int32Array;
  seconds: number;
}

export type EncodeAnswer = { id: number } & ({ value: EncodedSequences } | { code: string; message: string });

export interface Encoded {
  requests: EncodedRequest[];
  /** That encoding took, waiting left out. */
  seconds: number;
}

interface Waiting {
  resolve(encoded: Encoded): void;
  reject(error: LowbitError): void;
}

/** A thread that holds a tokenizer of its own, opened from the same folder. It keeps the process alive only while it works. */
export class EncodeThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #questions = 0;
  #ended = false;

  constructor(directory: string) {
    // Without the options of this process, which may be a test's or a profiler's.
    this.#worker = new Worker(new URL('./encode-worker.js', import.meta.url), { execArgv: [], workerData: directory });
    this.#worker.unref();
    this.#worker.on('message', (answer: EncodeAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#failAll(lost(error)));
    this.#worker.on('exit', () => {
      this.#ended = true;
      this.#failAll(lost());
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** As `encodeRequests`, with the same errors. */
  encode(requests: readonly LogLikelihood[], contextLength: number): Promise<Encoded> {
    if (this.#ended) return Promise.reject(lost());
    const id = this.#questions++;
    const question: EncodeQuestion = { id, requests, contextLength };
    const answer = new Promise<Encoded>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#worker.ref();
    this.#worker.postMessage(question);
    return answer;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(answer: EncodeAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('value' in answer) waiting?.resolve({ requests: splitSequences(answer.value), seconds: answer.value.seconds });
    else waiting?.reject(new LowbitError(answer.code as ErrorCode, answer.message));
  }

  #failAll(error: LowbitError): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function lost(error?: unknown): LowbitError {
  const reason = error === undefined ? '' : ` (${reasonOf(error)})`;
  return new LowbitError(
    'WORKER_LOST',
    `Expected token ids of the thread that encodes texts, got its end${reason}; run the same command again, with fewer workers if memory is short.`,
    { cause: error },
  );
}

const threads = new WeakMap<Tokenizer, EncodeThread>();

/** The tokenizer's thread, started at the first call; undefined for a tokenizer that has no folder. */
export function encodeThreadOf(tokenizer: Tokenizer): EncodeThread | undefined {
  if (tokenizer.directory === undefined) return undefined;
  const known = threads.get(tokenizer);
  if (known && !known.ended) return known;
  const thread = new EncodeThread(tokenizer.directory);
  threads.set(tokenizer, thread);
  return thread;
}

/** Ends the tokenizer's thread, if it has one; the next call of `encodeThreadOf` starts another. */
export async function endEncodeThread(tokenizer: Tokenizer): Promise<void> {
  const thread = threads.get(tokenizer);
  threads.delete(tokenizer);
  await thread?.end();
}

export function joinSequences(encoded: readonly EncodedRequest[], seconds: number): EncodedSequences {
  const sequences = encoded.flatMap((request) => request.sequences);
  const lengths = Int32Array.from(sequences, ({ ids }) => ids.length);
  const ids = new Int32Array(lengths.reduce((sum, length) => sum + length, 0));
  let end = 0;
  for (const sequence of sequences) {
    ids.set(sequence.ids, end);
    end += sequence.ids.length;
  }
  return {
    ...{ ids, lengths, seconds },
    scoredFrom: Int32Array.from(sequences, ({ scoredFrom }) => scoredFrom),
    lost: Int32Array.from(encoded, ({ lost }) => lost),
  };
}

/** Pairs have one sequence each. */
function splitSequences({ ids, lengths, scoredFrom, lost }: EncodedSequences): EncodedRequest[] {
  let end = 0;
  return Array.from(lengths, (length, at): EncodedRequest => {
    const sequence = { ids: ids.subarray(end, (end += length)), scoredFrom: scoredFrom[at] as number };
    return {
      kind: 'logLikelihood',
      sequences: [sequence],
      scoredTokens: length - sequence.scoredFrom,
      lost: lost[at] as number,
    };
  });
}
