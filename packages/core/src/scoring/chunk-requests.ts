import type { LogLikelihood } from '../task.js';

/** Characters of the first chunk: some 0.3 s of encoding. */
const firstChunk = 2 ** 19;
/** Each chunk is twice the one before up to here, so that few of them begin with the prefix of one before. */
const largestChunk = 2 ** 22;

/**
 * Requests in stretches that are encoded one by one, cut by their characters alone: the same requests give the same chunks.
 * Requests of one context, the choices of a document, stay together; a rest smaller than the first chunk joins the one before.
 */
export function chunkRequests(requests: readonly LogLikelihood[], first = firstChunk): LogLikelihood[][] {
  const chunks: LogLikelihood[][] = [];
  let room = 0;
  let next = first;
  let last: string | undefined;
  for (const request of requests) {
    if (room <= 0 && request.context !== last) {
      chunks.push([]);
      room = next;
      next = Math.min(2 * next, largestChunk);
    }
    chunks.at(-1)?.push(request);
    room -= countCharacters(request);
    last = request.context;
  }
  const rest = chunks.length > 1 ? (chunks.at(-1) ?? []) : [];
  if (rest.length === 0 || sumCharacters(rest) >= first) return chunks;
  return [...chunks.slice(0, -2), [...(chunks.at(-2) ?? []), ...rest]];
}

export function sumCharacters(requests: readonly LogLikelihood[]): number {
  return requests.reduce((sum, request) => sum + countCharacters(request), 0);
}

function countCharacters({ context, continuation }: LogLikelihood): number {
  return context.length + continuation.length;
}
