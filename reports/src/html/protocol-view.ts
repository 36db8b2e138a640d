import type { RecipeRecord } from '@lowbit/core';
import { directionArrow } from '../format-entry.js';
import { formatBytes, formatCount, formatFixed, formatParameters } from '../format-number.js';
import { describeGroup } from '../group-rows.js';
import { listCalibration, listEnvironment, orderRecipes, type Fact } from '../protocol-facts.js';
import { formatOption, listOverrides } from '../recipe-series.js';
import type { ResultTable } from '../result-table.js';
import type { RunData } from '../run-data.js';
import { describeLimit, describePrompt, type TaskFacts } from '../task-facts.js';

/** What decides whether two figures can be compared, and where these came from. */
export interface ProtocolView {
  severalModels: boolean;
  tasks: TaskView[];
  /** A sentence for each mean of tasks. */
  groups: string[];
  calibration: Fact[];
  models: {
    name: string;
    family: string;
    parameters: string;
    bitsPerWeight: string;
    digest: string;
    tokenizer: string | null;
  }[];
  recipes: {
    name: string;
    bits: string;
    steps: { method: string; version: string; options: { key: string; value: string }[]; overrides: string[] }[];
  }[];
  environment: Fact[];
}

interface TaskView {
  model: string;
  name: string;
  version: string;
  description: string;
  source: string;
  metrics: { name: string; arrow: string; protocol: string | null }[];
  documents: string;
  limit: string | null;
  prompt: string | null;
  tokens: string;
  computedTokens: string;
  savedTokens: string | null;
  windows: string;
  tokenSha256: string | null;
  files: { path: string; size: string; sha256: string }[];
}

export function viewProtocol(
  run: RunData,
  tables: readonly ResultTable[],
  facts: readonly TaskFacts[],
  recipes: readonly RecipeRecord[] = orderRecipes(run, tables),
): ProtocolView {
  const { models } = run.manifest;
  return {
    severalModels: models.length > 1,
    tasks: facts.map(viewTask),
    groups: (run.manifest.groups ?? []).map(describeGroup),
    calibration: listCalibration(run),
    models: models.map((model) => ({
      name: model.name,
      family: model.family,
      parameters: formatParameters(model.parameters),
      bitsPerWeight: formatFixed(model.bitsPerWeight, 2),
      digest: model.digest,
      tokenizer: model.tokenizerDigest ?? null,
    })),
    recipes: recipes.map(({ name, bits, steps }) => ({
      name,
      bits: bits === undefined ? '–' : String(bits),
      steps: steps.map((step) => ({
        method: step.method,
        version: step.version,
        options: Object.entries(step.options).map(([key, value]) => ({ key, value: formatOption(value) })),
        overrides: listOverrides(step),
      })),
    })),
    environment: listEnvironment(run),
  };
}

function viewTask({ model, task, columns, counts }: TaskFacts): TaskView {
  const count = (value: number | undefined) => (value === undefined ? '–' : formatCount(value));
  return {
    model,
    name: task.name,
    version: task.version,
    description: task.description,
    source: task.source,
    metrics: columns.map((column) => ({
      name: column.metric,
      arrow: directionArrow(column),
      protocol: column.protocol ?? null,
    })),
    documents: count(counts?.documents),
    prompt: describePrompt(task) ?? null,
    limit: describeLimit(task) ?? null,
    tokens: count(counts?.tokens),
    computedTokens: count(counts?.computedTokens),
    savedTokens: counts?.savedTokens ? formatCount(counts.savedTokens) : null,
    windows: count(counts?.windows),
    tokenSha256: counts?.tokenSha256 || null,
    files: task.files.map(({ path, sha256, bytes }) => ({ path, sha256, size: formatBytes(bytes) })),
  };
}
