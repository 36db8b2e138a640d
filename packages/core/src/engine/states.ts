import type { Feed } from './runtime.js';

/** Final hidden states, float32 `[n, width]`. */
export interface States {
  data: Float32Array;
  width: number;
}

export interface Rows {
  begin: number;
  end: number;
}

export function statesOf({ data, width }: States, { begin, end }: Rows): Float32Array {
  return data.subarray(begin * width, end * width);
}

export function feedRows(states: States, rows: Rows): Feed {
  return { data: statesOf(states, rows), dims: [rows.end - rows.begin, states.width] };
}

export function cutRows(counts: readonly number[]): Rows[] {
  let end = 0;
  return counts.map((count) => ({ begin: end, end: (end += count) }));
}

/** Another model's states of a batch, one sequence after the other; `n` rows in all. */
export async function joinStates(
  batch: readonly number[],
  read: (sequence: number) => Promise<Float32Array>,
  n: number,
): Promise<States> {
  const parts: Float32Array[] = [];
  for (const sequence of batch) parts.push(await read(sequence));
  const data = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { data, width: data.length / n };
}
