import { LowbitError } from './errors.js';
import type { LayerOverride } from './layer-options.js';

/** A step as people write it in an experiment. */
export interface StepSpec {
  method: string;
  options?: Record<string, unknown> | undefined;
  /** What differs in the layers that a pattern names; of several that match, later ones win. */
  layers?: readonly LayerOverride[] | undefined;
}

/** Steps joined by `+`: `smoothquant(alpha=0.5)+gptq(bits=4){*.down_proj:bits=8; lm_head:off}`. Throws RECIPE_SYNTAX. */
export function parseSteps(text: string): StepSpec[] {
  return splitSteps(text).map((step) => parseStep(step, text));
}

/** At `+` outside parentheses and braces. */
function splitSteps(text: string): string[] {
  const steps = [''];
  let depth = 0;
  for (const char of text) {
    if (char === '(' || char === '{') depth++;
    if (char === ')' || char === '}') depth--;
    if (char === '+' && depth === 0) steps.push('');
    else steps[steps.length - 1] += char;
  }
  return steps;
}

function parseStep(step: string, whole: string): StepSpec {
  const match = /^\s*([\w.-]+)\s*(?:\(([^()]*)\))?\s*(?:\{([^{}]*)\})?\s*$/.exec(step);
  const [, method, options = '', layers] = match ?? [];
  if (method === undefined)
    throw new LowbitError(
      'RECIPE_SYNTAX',
      `Expected a recipe like gptq(bits=4,groupSize=64) with steps joined by +, got '${whole}'; check its parentheses and braces.`,
    );
  const overrides = layers === undefined ? [] : split(layers, ';').map((part) => parseOverride(part, whole));
  return { method, options: parseOptions(options, whole), ...(overrides.length > 0 ? { layers: overrides } : {}) };
}

/** `pattern:off`, or `pattern:name=value,...`. */
function parseOverride(part: string, whole: string): LayerOverride {
  const [, match, rest] = /^\s*([^\s:]+)\s*:\s*(\S.*?)\s*$/.exec(part) ?? [];
  if (match === undefined || rest === undefined)
    throw new LowbitError(
      'RECIPE_SYNTAX',
      `Expected layers as pattern:name=value or pattern:off, got '${part.trim()}' in '${whole}'; write for instance {*.down_proj:bits=8; model.layers.0.*:off}.`,
    );
  return rest === 'off' ? { match, off: true } : { match, options: parseOptions(rest, whole) };
}

function parseOptions(text: string, whole: string): Record<string, unknown> {
  return Object.fromEntries(split(text, ',').map((part) => parseOption(part, whole)));
}

function split(text: string, separator: string): string[] {
  return text.split(separator).filter((part) => part.trim() !== '');
}

function parseOption(part: string, whole: string): [string, unknown] {
  const match = /^\s*(\w+)\s*=\s*(.+?)\s*$/.exec(part);
  if (match?.[1] === undefined || match[2] === undefined)
    throw new LowbitError(
      'RECIPE_SYNTAX',
      `Expected options as name=value, got '${part.trim()}' in '${whole}'; write for instance bits=4.`,
    );
  return [match[1], parseValue(match[2])];
}

function parseValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}
