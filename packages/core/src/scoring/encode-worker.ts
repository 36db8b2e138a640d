import { parentPort, workerData } from 'node:worker_threads';
import { toLowbitError } from '../errors.js';
import { openTokenizer } from '../model/tokenizer.js';
import { encodeRequests } from './encode-requests.js';
import { joinSequences, type EncodeAnswer, type EncodeQuestion } from './encode-thread.js';

const opening = openTokenizer(workerData as string);
// Told by each answer.
opening.catch(() => undefined);

async function answer({ id, requests, contextLength }: EncodeQuestion): Promise<EncodeAnswer> {
  try {
    const tokenizer = await opening;
    const begin = performance.now();
    const encoded = encodeRequests(requests, { tokenizer, contextLength });
    return { id, value: joinSequences(encoded, (performance.now() - begin) / 1000) };
  } catch (error) {
    const { code, message } = toLowbitError(error);
    return { id, code, message };
  }
}

/** The thread of `EncodeThread`. */
parentPort?.on('message', (question: EncodeQuestion) => {
  void answer(question).then((found) => {
    const arrays =
      'value' in found ? [found.value.ids, found.value.lengths, found.value.scoredFrom, found.value.lost] : [];
    parentPort?.postMessage(
      found,
      arrays.map(({ buffer }) => buffer as ArrayBuffer),
    );
  });
});
