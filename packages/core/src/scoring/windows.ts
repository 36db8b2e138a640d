import { LowbitError } from '../errors.js';

/**
 * The papers' windows: consecutive, of equal length, incomplete tail dropped; the first `maxWindows` of them.
 * (GPTQ, AWQ, SmoothQuant, QuaRot.) A text shorter than one window is a TASK_SHORT error.
 */
export function cutWindows(ids: Int32Array, window: number, maxWindows = Infinity): Int32Array[] {
  const count = Math.min(Math.floor(ids.length / window), maxWindows);
  if (count < 1)
    throw new LowbitError(
      'TASK_SHORT',
      `The text should fill at least one window of ${window} tokens, but it has ${ids.length}; choose a shorter window.`,
    );
  return Array.from({ length: count }, (_, index) => ids.slice(index * window, (index + 1) * window));
}
