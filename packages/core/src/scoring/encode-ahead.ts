import type { Tokenizer } from '../model/tokenizer.js';
import type { LogLikelihood } from '../task.js';
import { chunkRequests, sumCharacters } from './chunk-requests.js';
import { encodeRequests, type EncodedRequest } from './encode-requests.js';
import { encodeThreadOf, type Encoded } from './encode-thread.js';

export interface EncodedChunk {
  requests: EncodedRequest[];
  seconds: EncodeSeconds;
  /** Of the characters of all requests, those of this chunk and of the ones before, to 1. */
  share: number;
}

export interface EncodeSeconds {
  /** Spent encoding, in whichever thread. */
  tokenize: number;
  /** For which scoring had nothing to score. */
  wait: number;
}

export interface EncodeAheadOptions {
  tokenizer: Tokenizer;
  contextLength: number;
  /** Characters of the first chunk. */
  chunkCharacters?: number | undefined;
}

/**
 * Requests encoded chunk by chunk, each in a thread of its own while its reader is busy with the one before: onnxruntime
 * blocks the thread that calls it. The first is encoded in place, beside the second, so that little text starts no thread.
 * A tokenizer that has no folder encodes all in place, in the same chunks.
 */
export async function* encodeAhead(
  requests: readonly LogLikelihood[],
  { tokenizer, contextLength, chunkCharacters }: EncodeAheadOptions,
): AsyncGenerator<EncodedChunk> {
  const chunks = chunkRequests(requests, chunkCharacters);
  const thread = chunks.length > 1 ? encodeThreadOf(tokenizer) : undefined;
  const inPlace = (chunk: readonly LogLikelihood[]): Encoded => {
    const begin = performance.now();
    return { requests: encodeRequests(chunk, { tokenizer, contextLength }), seconds: secondsSince(begin) };
  };
  const send = (chunk: readonly LogLikelihood[] | undefined): Promise<Encoded> | undefined => {
    const answer = chunk && thread?.encode(chunk, contextLength);
    // If scoring fails first, nobody asks for it.
    answer?.catch(() => undefined);
    return answer;
  };
  const total = sumCharacters(requests);
  let characters = 0;
  let ahead: Promise<Encoded> | undefined;
  for (const [at, chunk] of chunks.entries()) {
    const begin = performance.now();
    const answer = ahead;
    if (at === 0) ahead = send(chunks[1]);
    const encoded = answer ? await answer : inPlace(chunk);
    if (at > 0) ahead = send(chunks[at + 1]);
    characters += sumCharacters(chunk);
    const seconds = { tokenize: encoded.seconds, wait: secondsSince(begin) };
    yield { requests: encoded.requests, seconds, share: total > 0 ? characters / total : 1 };
  }
}

function secondsSince(begin: number): number {
  return (performance.now() - begin) / 1000;
}
