import { readFile, writeFile } from 'node:fs/promises';
import type { Throughput, ThroughputResult } from '../generation-requests.js';
import { requireGenerator } from './generate.js';
import type { TokenScorer } from './token-scorer.js';

/**
 * Reads a prompt of made-up tokens and continues it, once to warm up and once for each request (llama-bench's `pp` and, behind
 * the prompt, `tg`). A model of a short context writes a quarter of it at most and reads what is left.
 */
export async function measureThroughput(
  requests: readonly Throughput[],
  scorer: TokenScorer,
  advance: (tokens: number) => void,
): Promise<ThroughputResult[]> {
  const results: ThroughputResult[] = [];
  await forgetPeak();
  for (const request of requests) {
    const sizes = fitSizes(request, scorer.contextLength);
    if (results.length === 0) await measure(sizes, scorer);
    const seconds = await measure(sizes, scorer);
    results.push({ kind: 'throughput', ...sizes, ...seconds, peakMemoryBytes: await readPeak() });
    advance(sizes.promptTokens + sizes.generatedTokens);
  }
  return results;
}

export function fitSizes(
  { promptTokens, generatedTokens }: Pick<Throughput, 'promptTokens' | 'generatedTokens'>,
  contextLength: number,
): Pick<Throughput, 'promptTokens' | 'generatedTokens'> {
  const generated = Math.max(2, Math.min(generatedTokens, Math.floor(contextLength / 4)));
  return { promptTokens: Math.max(1, Math.min(promptTokens, contextLength - generated)), generatedTokens: generated };
}

async function measure(
  { promptTokens, generatedTokens }: Pick<Throughput, 'promptTokens' | 'generatedTokens'>,
  scorer: TokenScorer,
): Promise<Pick<ThroughputResult, 'prefillSeconds' | 'decodeSeconds'>> {
  const { vocabSize } = scorer;
  const prompt = Int32Array.from({ length: promptTokens }, (_, i) => (i * 7919 + 17) % vocabSize);
  const begin = performance.now();
  const times: number[] = [];
  await requireGenerator(scorer).generate.call(scorer, [prompt], {
    maxTokens: generatedTokens,
    isLast: () => {
      times.push(performance.now());
      return false;
    },
  });
  const first = times[0] as number;
  return { prefillSeconds: (first - begin) / 1000, decodeSeconds: ((times.at(-1) as number) - first) / 1000 };
}

/** Linux keeps the most memory that a process had and forgets it when asked to; elsewhere it counts from the start. */
async function forgetPeak(): Promise<void> {
  await writeFile('/proc/self/clear_refs', '5').catch(() => undefined);
}

async function readPeak(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kilobytes) * 1024;
}
