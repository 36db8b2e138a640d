import { openDataFolder, type Task } from '@lowbit/core';
import { tasks } from '@lowbit/tasks';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';

export const shared = fileURLToPath(new URL('../../../../shared', import.meta.url));

export const data = openDataFolder(`${shared}/data`);
export const tokenizerFolder = `${shared}/models/SmolLM2-135M-Instruct`;
/** Where make-smollm2.py puts the model. */
export const modelFolder = `${homedir()}/.cache/lowbit/models/SmolLM2-135M-Instruct`;

/** One document as lm-evaluation-harness 0.4.13 scored it. */
export interface GoldenDoc {
  doc: number;
  /** The last 60 characters of the context, and the continuation. */
  requests?: [string, string][];
  logprobs?: number[];
  greedy?: boolean[];
  acc?: number;
  acc_norm?: number;
  logprob?: number;
  words?: number;
  bytes?: number;
}

export interface Golden {
  results: Record<string, number>;
  docs: GoldenDoc[];
}

export function readGolden(task: string): Golden {
  return JSON.parse(readFileSync(`${shared}/reference/golden/lm-eval/${task}.json`, 'utf8'));
}

export function findTask(name: string): Task {
  const task = tasks.find((each) => each.name === name);
  if (!task) throw new Error(`There is no task ${name}.`);
  return task;
}
