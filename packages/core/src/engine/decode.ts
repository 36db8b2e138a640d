import { LowbitError } from '../errors.js';
import type { Decoder } from '../model/decoder.js';
import type { Operators } from '../draft/operators.js';
import type { GeneratedTokens, GenerateOptions } from '../scoring/token-scorer.js';
import { createCache } from './decode-cache.js';
import type { DecodeCache } from './decode-cache.js';
import type { CacheKind } from './decode-graph.js';
import { isFused } from './lower/attention.js';
import type { AttentionLowering } from './lower/scope.js';
import { floatsPerToken } from './past.js';
import type { Session } from './runtime.js';

/** Bytes of keys and values that are held at most, but for a single sequence. */
const cacheBytes = 2 ** 28;
/** Sequences decoded side by side: one pass over the weights serves them all. */
const mostRows = 16;
/** Tokens of a prompt that go through the model at a time: attention over all at once would take too much memory. */
const chunkTokens = 512;

/**
 * How a model with these operators can be decoded. Every quantizer but one sees a token alone, or (`cache`) finds its groups
 * by place in what is kept; a dynamic scale of a whole sequence changes with each token, so that all is computed anew.
 */
export function cacheKindOf(
  { blocks }: Decoder,
  options: { operators: Operators; lowering: AttentionLowering },
): CacheKind {
  const isWhole = [...options.operators.values()]
    .flat()
    .some((each) => each.kind === 'quantize' && each.granularity === 'tensor' && each.range === undefined);
  if (isWhole) return 'whole';
  return blocks.every(({ index, attention }) => isFused(options, index, attention)) ? 'fixed' : 'joined';
}

interface Row {
  prompt: number;
  /** In the cache. */
  past: number;
  tokens: number[];
}

/**
 * Greedy continuations: the arg-max of each next token, up to `maxTokens` of them. Prompts go through the model one by one, then
 * as many as fit are decoded side by side; a row that ends makes place for the next prompt. In order of the prompts.
 */
export async function decodeGreedily(
  prompts: readonly Int32Array[],
  { maxTokens, isLast, progress }: GenerateOptions,
  { decoder, session, kind }: { decoder: Decoder; session: Session; kind: CacheKind },
): Promise<GeneratedTokens[]> {
  if (prompts.length === 0) return [];
  const room = Math.max(...prompts.map(({ length }) => length)) + maxTokens;
  const fitting = Math.floor(cacheBytes / (4 * room * floatsPerToken(decoder)));
  const rows = kind === 'fixed' ? Math.max(1, Math.min(fitting, mostRows, prompts.length)) : 1;
  const cache = createCache(kind, session, decoder, rows, room);
  const results = new Array<GeneratedTokens>(prompts.length);
  const live: Row[] = [];

  /** Takes a row's next token; true if it was the last. */
  function take(row: Row, id: bigint | undefined, sum: number | undefined): boolean {
    if (!Number.isFinite(sum)) throw notFinite(row.prompt);
    row.tokens.push(Number(id));
    const stopped = isLast(row.prompt, row.tokens);
    if (!stopped && row.tokens.length < maxTokens) return false;
    results[row.prompt] = { ids: Int32Array.from(row.tokens), finish: stopped ? 'stop' : 'length' };
    return true;
  }

  let waiting = 0;
  while (waiting < prompts.length || live.length > 0) {
    while (live.length < rows && waiting < prompts.length) {
      const prompt = waiting++;
      const ids = prompts[prompt] as Int32Array;
      const { next, sum } = await readPrompt(cache, live.length, ids, progress);
      const row = { prompt, past: ids.length, tokens: [] };
      if (!take(row, next[0], sum[0])) live.push(row);
    }
    if (live.length === 0) continue;
    const ids = live.map(({ tokens }) => Int32Array.of(tokens.at(-1) as number));
    const { next, sum } = await cache.extend({ row: 0, ids, past: live.map(({ past }) => past) });
    progress?.(live.length);
    // From the last row, so that one that ends is replaced by one that was asked already.
    for (let at = live.length - 1; at >= 0; at--) {
      const row = live[at] as Row;
      row.past++;
      if (!take(row, next[at], sum[at])) continue;
      const last = live.length - 1;
      if (at !== last) cache.move(last, at);
      live[at] = live[last] as Row;
      live.pop();
    }
  }
  return results;
}

/** Puts a prompt into a row of the cache. */
async function readPrompt(
  cache: DecodeCache,
  row: number,
  ids: Int32Array,
  progress: ((tokens: number) => void) | undefined,
): ReturnType<DecodeCache['extend']> {
  for (let past = 0; ; past += chunkTokens) {
    const chunk = ids.subarray(past, past + chunkTokens);
    const result = await cache.extend({ row, ids: [chunk], past: [past] });
    progress?.(chunk.length);
    if (past + chunkTokens >= ids.length) return result;
  }
}

function notFinite(prompt: number): LowbitError {
  return new LowbitError(
    'METHOD_FAILED',
    `Expected finite hidden states, but the model gave others for prompt ${prompt}; its weights or activations overflow, so use more bits or another method.`,
  );
}
