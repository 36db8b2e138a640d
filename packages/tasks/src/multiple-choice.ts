import {
  codePointLength,
  type DataFolder,
  type Example,
  type FewShot,
  type LogLikelihoodResult,
  type Metric,
  type RequestResult,
  type Task,
} from '@lowbit/core';

/**
 * A question with its answers. Usually one context and several choices; with several contexts and one choice it is the
 * context that is chosen (WinoGrande's partial scoring). The delimiter is put between context and choice.
 */
export interface ChoiceDoc {
  contexts: string[];
  choices: string[];
  /** Index of the right one. */
  target: number;
}

export interface ChoiceTask<Doc extends ChoiceDoc = ChoiceDoc> extends Pick<Task<Doc>, 'instruction' | 'subset'> {
  name: string;
  version: string;
  description: string;
  source: string;
  /** In the order of the report. */
  metrics: ('acc' | 'accNorm' | Metric)[];
  files: string[];
  documents(data: DataFolder): Promise<Doc[]>;
  /** From the log-probability of each choice; needed where a metric is neither `acc` nor `accNorm` of the likeliest. */
  score?(doc: Doc, logprobs: number[]): Record<string, number>;
  aggregate?: Task['aggregate'];
  /** Between context and choice; default one space. */
  targetDelimiter?: string;
  /** Where worked examples come from. */
  fewShot?: ChoiceExamples<Doc>;
}

export type ChoiceExamples<Doc extends ChoiceDoc = ChoiceDoc> = Omit<FewShot<Doc>, 'example'>;

/**
 * A task scored as lm-evaluation-harness's `multiple_choice`: `acc` takes the likeliest choice, `accNorm` the likeliest
 * per character (code point) of its text, without the joining space, or of the context where that is chosen. The first of
 * equals wins.
 */
export function multipleChoice<Doc extends ChoiceDoc = ChoiceDoc>(task: ChoiceTask<NoInfer<Doc>>): Task<Doc> {
  const { metrics, score = scoreLikeliest, fewShot, targetDelimiter = ' ', ...rest } = task;
  const named = metrics.map((metric) => (typeof metric === 'string' ? { name: metric, higherIsBetter: true } : metric));
  return {
    ...rest,
    ...(fewShot ? { fewShot: { ...fewShot, example: solve } } : {}),
    targetDelimiter,
    metrics: named,
    requests: ({ contexts, choices }) =>
      contexts.flatMap((context) =>
        choices.map((choice) => ({
          kind: 'logLikelihood' as const,
          context,
          continuation: `${targetDelimiter}${choice}`,
        })),
      ),
    target: ({ target }) => target,
    score(doc, results) {
      const scores = score(
        doc,
        results.filter(isLogLikelihood).map(({ logprob }) => logprob),
      );
      // A definition that aggregates by itself may need more than the metrics.
      if (task.aggregate) return scores;
      return Object.fromEntries(named.flatMap(({ name }) => (name in scores ? [[name, scores[name]]] : [])));
    },
  };
}

function scoreLikeliest({ contexts, choices, target }: ChoiceDoc, logprobs: number[]): Record<string, number> {
  const options = contexts.length > 1 ? contexts : choices;
  const normalized = logprobs.map((logprob, index) => logprob / codePointLength(options[index]));
  return { acc: Number(likeliest(logprobs) === target), accNorm: Number(likeliest(normalized) === target) };
}

/** Index of the largest, the first of equals. */
export function likeliest(logprobs: readonly number[]): number {
  return logprobs.indexOf(Math.max(...logprobs));
}

export function isLogLikelihood(result: RequestResult): result is LogLikelihoodResult {
  return result.kind === 'logLikelihood';
}

/** Question and right answer, whichever of the two is chosen. */
export function solve({ contexts, choices, target }: ChoiceDoc): Example {
  if (contexts.length > 1) return { question: contexts[target], answer: choices[0] };
  return { question: contexts[0], answer: choices[target] };
}
