import {
  codePointLength,
  type DataFolder,
  type LogLikelihoodResult,
  type RequestResult,
  type Task,
} from '@lowbit/core';

/**
 * A question with its answers. Usually one context and several choices; with several contexts and one choice it is the
 * context that is chosen (WinoGrande's partial scoring). A space is put between context and choice.
 */
export interface ChoiceDoc {
  contexts: string[];
  choices: string[];
  /** Index of the right one. */
  target: number;
}

export interface ChoiceTask {
  name: string;
  version: string;
  description: string;
  source: string;
  /** In the order of the report. */
  metrics: ('acc' | 'accNorm')[];
  files: string[];
  documents(data: DataFolder): Promise<ChoiceDoc[]>;
}

/**
 * A task scored as lm-evaluation-harness's `multiple_choice`: `acc` takes the likeliest choice, `accNorm` the likeliest
 * per character (code point) of its text, without the joining space. The first of equals wins.
 */
export function multipleChoice(task: ChoiceTask): Task<ChoiceDoc> {
  return {
    ...task,
    metrics: task.metrics.map((name) => ({ name, higherIsBetter: true })),
    requests: ({ contexts, choices }) =>
      contexts.flatMap((context) =>
        choices.map((choice) => ({ kind: 'logLikelihood' as const, context, continuation: ` ${choice}` })),
      ),
    score(doc, results) {
      const logprobs = results.filter(isLogLikelihood).map(({ logprob }) => logprob);
      const normalized = logprobs.map(
        (logprob, index) => logprob / codePointLength(doc.choices[index % doc.choices.length]),
      );
      const scores = { acc: hit(logprobs, doc.target), accNorm: hit(normalized, doc.target) };
      return Object.fromEntries(task.metrics.map((name) => [name, scores[name]]));
    },
  };
}

export function isLogLikelihood(result: RequestResult): result is LogLikelihoodResult {
  return result.kind === 'logLikelihood';
}

function hit(scores: number[], target: number): number {
  return scores.indexOf(Math.max(...scores)) === target ? 1 : 0;
}
