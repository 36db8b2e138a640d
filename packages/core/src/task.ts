import type { Generate, GenerateResult, Throughput, ThroughputResult } from './generation-requests.js';

export type * from './generation-requests.js';

/**
 * A task is data plus a few pure functions: documents, requests, score. It never sees a tokenizer or a device.
 * Words follow lm-evaluation-harness: a request is a (context, continuation) pair, a text scored whole, or a prompt.
 */
export interface Task<Doc = unknown> {
  /** lm-evaluation-harness's name where it has one: `piqa`, `arc_easy`; the papers' perplexity is `wikitext2`. */
  name: string;
  /** Of our definition; part of every result and of a cell's digest. Raise it when a value can change. */
  version: string;
  description: string;
  /** Where the definition comes from: paper, or the harness's task and version. */
  source: string;
  metrics: Metric[];
  /** Paths below the data folder that `documents` reads; hashed into the cell's digest. */
  files: string[];
  /** Reads the documents in official order. A malformed row is a TASK_DATA error: file, line, reason. */
  documents(data: DataFolder): Promise<Doc[]>;
  requests(doc: Doc): Request[];
  /** Scores of one document from the results of its requests, one per metric that is averaged over documents. */
  score(doc: Doc, results: RequestResult[]): Record<string, number>;
  /** Index of the request that holds the right answer, where there is one: its log-probability is compared with float's. */
  target?(doc: Doc): number;
  /**
   * How scores become metric values; default: mean with standard error (sample deviation / sqrt n) of each metric, of a
   * task with parts the mean over all documents with the error pooled from the parts.
   */
  aggregate?(scores: Record<string, number>[]): MetricValue[];
  /** Worked examples before the question; a task without takes none. */
  fewShot?: FewShot<Doc> | undefined;
  /** What stands before examples and question (the harness's `description`), a chat's system message; default nothing. */
  instruction?(doc: Doc): string;
  /** What at the start of each continuation only joins it to its context: a chat template's turn takes its place. */
  targetDelimiter?: string | undefined;
  /** The part that a document belongs to, MMLU's subject: limit, draw of examples and estimates are made for each. */
  subset?(doc: Doc): string;
  /** Tokens of context that a document needs, if it is to be left out, and counted, for a model that has fewer. */
  contextTokens?(doc: Doc): number;
}

/** Worked examples, put before a document's question as lm-evaluation-harness 0.4.13 puts them. */
export interface FewShot<Doc = unknown> {
  /** How many where the run does not say; default 0. */
  count?: number | undefined;
  /** Paths below the data folder that `documents` reads. */
  files: string[];
  /** What examples are taken from, in the order of the split. */
  documents(data: DataFolder): Promise<Doc[]>;
  /** `default`: drawn anew for each document in order, by Python's generator. `first_n`: the first of the split. */
  sampler: 'default' | 'first_n';
  /**
   * The document asked is never its own example, for which one more is drawn. The harness does so where the definition's
   * `fewshot_split` equals its `test_split`, be it that it names neither; elsewhere examples of the scored split may hold
   * the answer.
   */
  leavesOut: boolean;
  example(doc: Doc): Example;
  /** Between question and answer; default one space. */
  targetDelimiter?: string | undefined;
  /** After each answer; default an empty line. */
  delimiter?: string | undefined;
}

export interface Example {
  question: string;
  /** Empty: the question stands alone, without a delimiter. */
  answer: string;
}

export interface Metric {
  /** `acc`, `accNorm`, `perplexity`, `wordPerplexity`, `bitsPerByte`, ... (the vocabulary's names). */
  name: string;
  higherIsBetter: boolean;
  /**
   * Metric id with its rule where a name alone says too little: `wordPpl/lm-eval`. `{window}` stands for the tokens per
   * window of the run, `{stride}` for its stride: `ppl/papers-{window}`; `{prompt}` and `{generated}` for the tokens of a
   * measurement.
   */
  protocol?: string | undefined;
  /**
   * Of this machine and execution, seconds or bytes: its cells run alone, it is never compared, and its protocol begins with
   * `measured/`, so that it can be left out where two executions are.
   */
  measured?: boolean | undefined;
  /** How two models are compared on it; by default what `standardComparisons` says of its name. */
  comparison?: MetricComparison | undefined;
  /** Another metric's scores over these parts of the task only: a category of MMLU. */
  over?: { metric: string; subsets: readonly string[] } | undefined;
}

/** Which paired test belongs to a metric, and what of a document it sees. Data, kept in the run's manifest. */
export interface MetricComparison {
  /** Right or wrong: `mcnemar`. Only which is ahead counts: `sign`. Sizes count: `bootstrap`, by document or window. */
  test: 'mcnemar' | 'sign' | 'bootstrap';
  /** The observations: documents (default), or the windows of a `windows` request, each with minus its mean loss. */
  each?: 'document' | 'window' | undefined;
  /** Score of a document, a key of what `score` gives; default the metric's name. Unused where windows are observed. */
  score?: string | undefined;
  /** Score that it is divided by in sum, its tokens for instance; default one a document. */
  weight?: string | undefined;
  /** The metric from m = sum of scores / sum of weights: m, exp(-m) (compared by ratio), or -m / ln 2. Default `mean`. */
  scale?: 'mean' | 'perplexity' | 'bits' | undefined;
}

export interface MetricValue {
  metric: string;
  value: number;
  /** Standard error; undefined where none is defined (a single document). */
  stderr: number | undefined;
  n: number;
  /** The metric on each part of the task, by the part's name. */
  subsets?: Record<string, { value: number; stderr: number | undefined; n: number }> | undefined;
}

/** Read access to the data folder; the host records hash and size of each file that was read. */
export interface DataFolder {
  readText(path: string): Promise<string>;
  readLines(path: string): Promise<string[]>;
  /** The regular files of a tar archive (`.tar` or `.tar.gz`) as UTF-8, by their paths inside it. */
  readArchive(path: string): Promise<ReadonlyMap<string, string>>;
  has(path: string): Promise<boolean>;
}

export type Request = LogLikelihood | Windows | Rolling | Generate | Throughput;

/** ln p(continuation | context). Encoded jointly, split by token count; trailing spaces of the context move over. */
export interface LogLikelihood {
  kind: 'logLikelihood';
  context: string;
  continuation: string;
}

/**
 * Perplexity of one text, or of a data set, by windows that are models' inputs of their own; one tokenizer call a text,
 * with the tokenizer's own special tokens. `window` is in tokens; the run's `--window` replaces it.
 */
export type Windows = PaperWindows | LlamaWindows | StridedWindows | DocumentWindow | DrawnWindows;

/** The papers': consecutive, of equal length, all tokens but the first of each scored, incomplete tail dropped. */
export interface PaperWindows {
  kind: 'windows';
  cut?: 'papers' | undefined;
  text: string;
  window: number;
  /** Only the first so many. */
  count?: number | undefined;
}

/**
 * llama.cpp's: consecutive chunks, of which BOS replaces the first token where the tokenizer adds one; those after position
 * `window / 2` are scored. Fewer than two chunks are refused.
 */
export interface LlamaWindows {
  kind: 'windows';
  cut: 'llama.cpp';
  text: string;
  window: number;
}

/**
 * Windows that begin `stride` tokens after each other, only those tokens scored that no window before had; the last one
 * may be shorter. Another window keeps the ratio of the two. (Hugging Face, "Perplexity of fixed-length models".)
 */
export interface StridedWindows {
  kind: 'windows';
  cut: 'strided';
  text: string;
  window: number;
  stride: number;
}

/** A document as one window, cut to the model's context or to `window`. */
export interface DocumentWindow {
  kind: 'windows';
  cut: 'document';
  text: string;
  window?: number | undefined;
}

/** GPTQ's first C4 sampler: each window at a random place of a random document that is longer; Python's generator. */
export interface DrawnWindows {
  kind: 'windows';
  cut: 'drawn';
  documents: readonly string[];
  window: number;
  count: number;
  seed: number;
}

/** lm-evaluation-harness's rolling log-likelihood of a whole text: disjoint windows with one token of context. */
export interface Rolling {
  kind: 'rolling';
  text: string;
  /** `false`: the prefix token alone, without the tokenizer's own special tokens (the harness may so give two BOS). */
  special?: boolean | undefined;
}

export type RequestResult = LogLikelihoodResult | WindowsResult | RollingResult | GenerateResult | ThroughputResult;

export interface LogLikelihoodResult {
  kind: 'logLikelihood';
  /** Natural log, summed over the continuation's tokens. */
  logprob: number;
  /** Every continuation token is the model's arg-max. */
  isGreedy: boolean;
  tokens: number;
}

export interface WindowsResult {
  kind: 'windows';
  /** Mean negative log-likelihood of each window's scored tokens, nats per token. */
  meanLosses: number[];
  /** Tokens that each of these is the mean of. */
  scoredTokens: number[];
  /** As it was asked for; of a single document, the most that it may have. */
  tokensPerWindow: number;
  /** Of strided windows. */
  stride?: number | undefined;
}

export interface RollingResult {
  kind: 'rolling';
  logprob: number;
  tokens: number;
}

/** Identity, for its types: `export const piqa = defineTask({...})`. */
export function defineTask<Doc>(task: Task<Doc>): Task<Doc> {
  return task;
}
