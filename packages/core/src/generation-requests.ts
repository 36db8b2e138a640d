/** A text to be continued greedily, as lm-evaluation-harness's `generate_until` without sampling. */
export interface Generate {
  kind: 'generate';
  /** Cut from the left to the model's context less `maxTokens`. */
  prompt: string;
  /** The continuation ends before the first of these texts that it has, and where the model ends it. */
  until: readonly string[];
  /** Most tokens of a continuation, from 1. */
  maxTokens: number;
  fill?: Filling | undefined;
}

/** Makes a prompt as long as wanted, whatever the tokenizer. */
export interface Filling {
  /** Stands twice in the prompt, where copies of `text` go. */
  place: string;
  text: string;
  /** Of prompt and continuation together, at most. */
  tokens: number;
  /** Share of the copies that goes to the first place. */
  depth: number;
}

/** How fast a model reads and writes; sizes are cut to its context. Each request is one measurement. */
export interface Throughput {
  kind: 'throughput';
  promptTokens: number;
  generatedTokens: number;
}

export interface GenerateResult {
  kind: 'generate';
  /** Without special tokens. */
  text: string;
  /** Generated ones, the last included, be it EOS. */
  tokens: number;
  finish: 'stop' | 'length';
}

/** Measured on this machine in this execution. */
export interface ThroughputResult {
  kind: 'throughput';
  promptTokens: number;
  generatedTokens: number;
  /** Until the first token is there: the prompt read in one pass. */
  prefillSeconds: number;
  /** For the generated tokens behind the first. */
  decodeSeconds: number;
  /** Most memory of the process since the first measurement began, where the system tells; else since it started. */
  peakMemoryBytes: number;
}
