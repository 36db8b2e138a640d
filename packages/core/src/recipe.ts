import { LowbitError, nearestName } from './errors.js';
import { checkOverride } from './layer-options.js';
import type { LayerOverride } from './layer-options.js';
import { parseOptions } from './method-options.js';
import type { Method } from './method.js';
import { parseSteps } from './parse-recipe.js';
import type { StepSpec } from './parse-recipe.js';
import type { Registry } from './registry.js';
import type { MethodRecord, RecipeRecord } from './store/types.js';

/** One step of a recipe with every option present. */
export interface ResolvedStep {
  method: Method;
  options: Record<string, unknown>;
  /** Checked, with the options that they name alone. */
  layers: readonly LayerOverride[];
}

/** `float` has no steps. */
export interface ResolvedRecipe {
  name: string;
  steps: ResolvedStep[];
}

/**
 * `float`, a preset, or steps joined by `+`: `smoothquant(alpha=0.5)+gptq(bits=4,groupSize=64)`. What differs in some
 * layers follows in braces: `{*.down_proj:bits=8; model.layers.0.*:off}`. Options are checked and filled in here, once. Throws RECIPE_SYNTAX, METHOD_UNKNOWN, METHOD_OPTION.
 */
export function resolveRecipe(text: string, registry: Registry, name = text): ResolvedRecipe {
  const trimmed = text.trim();
  if (trimmed === 'float') return { name, steps: [] };
  if (registry.presets.has(trimmed)) return resolveRecipe(registry.presets.get(trimmed), registry, name);
  return resolveSteps(parseSteps(trimmed), registry, name);
}

export function resolveSteps(steps: readonly StepSpec[], registry: Registry, name: string): ResolvedRecipe {
  const resolved = steps.map((step) => resolveStep(findMethod(step.method, registry), step));
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
    steps: steps.map((step) => {
      const { method, ...rest } = describeStep(step);
      return { method, version: step.method.version, ...rest };
    }),
  };
}

/** What the methods of recipes are, each once; one that an artifact brings and no plugin here has is left out. */
export function recordMethods(recipes: readonly RecipeRecord[], { methods }: Registry): MethodRecord[] {
  const names = new Set(recipes.flatMap(({ steps }) => steps.map(({ method }) => method)));
  return [...names]
    .filter((name) => methods.has(name))
    .map((name) => {
      const { description, source } = methods.get(name);
      return { name, description, source };
    });
}

/** A step as data, which `resolveSteps` takes back. */
export function describeStep({ method, options, layers }: ResolvedStep): StepSpec & Pick<ResolvedStep, 'options'> {
  return { method: method.name, options, ...(layers.length > 0 ? { layers } : {}) };
}

function findMethod(name: string, registry: Registry): Method {
  if (registry.methods.has(name)) return registry.methods.get(name);
  const known = [...registry.methods.names(), ...registry.presets.names()];
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? `known: ${known.join(', ')}` : `did you mean '${nearest}'?`;
  throw new LowbitError('METHOD_UNKNOWN', `Expected a method or preset, got '${name}'; ${hint}`);
}

function resolveStep(method: Method, { options: given = {}, layers = [] }: StepSpec): ResolvedStep {
  const options = parseOptions(method, given);
  const overrides = layers.map((override): LayerOverride => {
    checkOverride(method, override);
    if ('off' in override) return { match: override.match, off: true };
    const parsed = parseOptions(method, { ...options, ...override.options });
    const named = Object.keys(override.options).map((key) => [key, parsed[key]] as const);
    return { match: override.match, options: Object.fromEntries(named) };
  });
  return { method, options, layers: overrides };
}
