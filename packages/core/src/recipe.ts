import { describeCure } from './describe-issue.js';
import { LowbitError, nearestName } from './errors.js';
import type { Method } from './method.js';
import type { Registry } from './registry.js';
import type { RecipeRecord } from './store/types.js';

/** One step of a recipe with every option present. */
export interface ResolvedStep {
  method: Method;
  options: Record<string, unknown>;
}

/** `float` has no steps. */
export interface ResolvedRecipe {
  name: string;
  steps: ResolvedStep[];
}

/** A step as people write it in an experiment. */
export interface StepSpec {
  method: string;
  options?: Record<string, unknown> | undefined;
}

/**
 * `float`, a preset, or steps joined by `+`: `smoothquant(alpha=0.5)+gptq(bits=4,groupSize=64)`. Options are checked and
 * filled in here, once. Throws RECIPE_SYNTAX, METHOD_UNKNOWN, METHOD_OPTION.
 */
export function resolveRecipe(text: string, registry: Registry, name = text): ResolvedRecipe {
  const trimmed = text.trim();
  if (trimmed === 'float') return { name, steps: [] };
  if (registry.presets.has(trimmed)) return resolveRecipe(registry.presets.get(trimmed), registry, name);
  return resolveSteps(
    splitSteps(trimmed).map((step) => parseStep(step, trimmed)),
    registry,
    name,
  );
}

export function resolveSteps(steps: readonly StepSpec[], registry: Registry, name: string): ResolvedRecipe {
  const resolved = steps.map(({ method, options = {} }) => resolveStep(findMethod(method, registry), options));
  checkOrder(resolved, name);
  return { name, steps: resolved };
}

/** What a step acts on, in the order in which it must come; activations and cache stay in the forward pass, anywhere behind. */
const order = ['rotation', 'scale', 'weights'] as const;
const reasons: Record<string, string> = {
  'scale rotation': 'a rotation folds the norms, and would take a scale before it back',
  'weights rotation': 'codes cannot be rotated',
  'activations rotation': 'a rotation behind a quantizer would not undo what lies before it',
  'cache rotation': 'a rotation behind a quantizer would not undo what lies before it',
  'weights scale': 'codes cannot be scaled',
  'activations scale': 'the ranges of activations are those behind the scale',
};

function checkOrder(steps: readonly ResolvedStep[], recipe: string): void {
  for (const [i, { method }] of steps.entries())
    for (const { method: earlier } of steps.slice(0, i)) {
      const { acts } = method;
      if (acts === undefined || earlier.acts === undefined) continue;
      const reason = reasons[`${earlier.acts} ${acts}`];
      if (reason !== undefined)
        throw new LowbitError(
          'RECIPE_ORDER',
          `Expected ${method.name} before ${earlier.name} in '${recipe}', because ${reason}; swap them (${order.join(', ')}, then activations and cache).`,
        );
      if (earlier.acts === acts && acts !== 'scale')
        throw new LowbitError(
          'RECIPE_ORDER',
          `Expected one step that acts on ${acts === 'rotation' ? 'rotations' : acts} in '${recipe}', got ${earlier.name} and ${method.name}; leave one out.`,
        );
    }
}

/** What a run records of a recipe. */
export function recordRecipe({ name, steps }: ResolvedRecipe): RecipeRecord {
  const bits = steps.map(({ method, options }) => method.bits?.(options)).find((value) => value !== undefined);
  return {
    name,
    bits,
    steps: steps.map(({ method, options }) => ({ method: method.name, version: method.version, options })),
  };
}

function findMethod(name: string, registry: Registry): Method {
  if (registry.methods.has(name)) return registry.methods.get(name);
  const known = [...registry.methods.names(), ...registry.presets.names()];
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? `known: ${known.join(', ')}` : `did you mean '${nearest}'?`;
  throw new LowbitError('METHOD_UNKNOWN', `Expected a method or preset, got '${name}'; ${hint}`);
}

function resolveStep(method: Method, given: Record<string, unknown>): ResolvedStep {
  const known = Object.keys(method.options.shape);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const nearest = nearestName(unknown, known);
    const hint = nearest === undefined ? `it has ${known.join(', ')}` : `did you mean '${nearest}'?`;
    throw new LowbitError('METHOD_OPTION', `Expected an option of ${method.name}, got '${unknown}'; ${hint}`);
  }
  const parsed = method.options.safeParse(given);
  if (parsed.success) return { method, options: parsed.data };
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  const came = path === '' ? '' : ` got ${JSON.stringify(given[path] ?? null)};`;
  throw new LowbitError(
    'METHOD_OPTION',
    `Expected a valid ${method.name} option ${path},${came} ${describeCure(issue)}.`,
  );
}

/** At `+` outside parentheses. */
function splitSteps(text: string): string[] {
  const steps = [''];
  let depth = 0;
  for (const char of text) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === '+' && depth === 0) steps.push('');
    else steps[steps.length - 1] += char;
  }
  return steps;
}

function parseStep(step: string, whole: string): StepSpec {
  const match = /^\s*([\w.-]+)\s*(?:\(([^()]*)\))?\s*$/.exec(step);
  if (match?.[1] === undefined)
    throw new LowbitError(
      'RECIPE_SYNTAX',
      `Expected a recipe like gptq(bits=4,groupSize=64) with steps joined by +, got '${whole}'; check its parentheses.`,
    );
  const entries = (match[2] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => parseOption(part, whole));
  return { method: match[1], options: Object.fromEntries(entries) };
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
