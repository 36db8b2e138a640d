import type { Generate, GenerateResult, Request, Throughput, ThroughputResult } from '../task.js';
import type { EncodedRequest } from './encode-requests.js';
import { generateTexts } from './generate.js';
import { measureThroughput } from './throughput.js';
import type { TokenScorer } from './token-scorer.js';
import type { Tokenizer } from '../model/tokenizer.js';

interface Planned<R extends Request> {
  request: R;
  /** Among all requests. */
  index: number;
  ids: Int32Array;
}

/** What of the requests is generated. */
export interface GenerationPlan {
  texts: Planned<Generate>[];
  measurements: Planned<Throughput>[];
  /** Most tokens that can be fed. */
  tokens: number;
}

export function planGeneration(
  requests: readonly Request[],
  encoded: readonly Pick<EncodedRequest, 'sequences'>[],
): GenerationPlan {
  const plan: GenerationPlan = { texts: [], measurements: [], tokens: 0 };
  for (const [index, request] of requests.entries()) {
    const ids = encoded[index]?.sequences[0]?.ids ?? new Int32Array(0);
    if (request.kind === 'throughput') {
      plan.measurements.push({ request, index, ids });
      plan.tokens += request.promptTokens + request.generatedTokens;
    } else if (request.kind === 'generate') {
      plan.texts.push({ request, index, ids });
      plan.tokens += ids.length + request.maxTokens;
    }
  }
  return plan;
}

/** Results by the place of their requests; and the tokens that went through the model. */
export async function generateAll(
  { texts, measurements }: GenerationPlan,
  { tokenizer, scorer }: { tokenizer: Tokenizer; scorer: TokenScorer },
  advance: (tokens: number) => void,
): Promise<{ results: (GenerateResult | ThroughputResult)[]; computedTokens: number }> {
  const prompts = texts.map(({ ids }) => ids);
  const asked = texts.map(({ request }) => request);
  const written = await generateTexts(asked, prompts, { tokenizer, scorer, advance });
  const sizes = measurements.map(({ request }) => request);
  const measured = sizes.length === 0 ? [] : await measureThroughput(sizes, scorer, advance);
  const results: (GenerateResult | ThroughputResult)[] = [];
  for (const [at, { index }] of texts.entries()) results[index] = written.results[at];
  for (const [at, { index }] of measurements.entries()) results[index] = measured[at];
  const fed = prompts.reduce((sum, { length }) => sum + length, 0) + written.computedTokens;
  const timed = measured.reduce((sum, each) => sum + each.promptTokens + each.generatedTokens - 1, 0);
  return { results, computedTokens: fed + timed };
}
