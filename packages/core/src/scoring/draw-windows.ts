import { PythonRandom } from '../calibration/python-random.js';
import { LowbitError } from '../errors.js';
import type { DrawnWindows } from '../task.js';

/**
 * Windows at random places of random documents, drawn again while a document is too short. One of exactly `window` tokens
 * is too short as well: there the original's range of offsets is empty and it stops. (GPTQ, `get_c4`; OmniQuant.)
 * Only the documents that are drawn are encoded. TASK_SHORT where none is long enough.
 */
export function drawWindows(
  { documents, count, seed }: DrawnWindows,
  window: number,
  encode: (text: string) => Int32Array,
): Int32Array[] {
  const encoded = new Map<number, Int32Array>();
  const tooShort = new Set<number>();
  const random = new PythonRandom(seed);
  return Array.from({ length: count }, () => {
    for (;;) {
      if (tooShort.size === documents.length) throw noneLongEnough(documents.length, window);
      const index = random.randint(0, documents.length - 1);
      if (tooShort.has(index)) continue;
      const ids = encoded.get(index) ?? encode(documents[index]);
      if (ids.length <= window) {
        tooShort.add(index);
        continue;
      }
      encoded.set(index, ids);
      const offset = random.randint(0, ids.length - window - 1);
      return ids.slice(offset, offset + window);
    }
  });
}

function noneLongEnough(documents: number, window: number): LowbitError {
  return new LowbitError(
    'TASK_SHORT',
    `Windows of ${window} tokens are drawn from longer documents, but none of the ${documents} is; choose a shorter window.`,
  );
}
