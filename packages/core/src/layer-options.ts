import { LowbitError, nearestName } from './errors.js';
import { parseOptions } from './method-options.js';
import type { Method } from './method.js';
import { blockLinears, embeddingLinear, headLinear } from './model/decoder.js';
import type { Decoder, Linear } from './model/decoder.js';
import type { ResolvedStep } from './recipe.js';

/**
 * What a step does otherwise in the layers that `match` names: a layer's name with `*` for any characters
 * (`model.layers.0.*`), or a role (`down`). `off`: they stay as they are.
 */
export type LayerOverride = { match: string; options: Record<string, unknown> } | { match: string; off: true };

/** The options of each layer that a step treats, by the layer's name; one that stays float is not there. */
export type LayerOptions = ReadonlyMap<string, Record<string, unknown>>;

/** Throws METHOD_OPTION where a method treats no single layers, or an option is of the whole model. */
export function checkOverride({ name, layerOptions }: Method, override: LayerOverride): void {
  const { match } = override;
  if (layerOptions === undefined)
    throw new LowbitError(
      'METHOD_OPTION',
      `Expected a method that treats each layer by itself, got ${name} with '${match}'; leave its layers out.`,
    );
  if ('off' in override) return;
  const keys = Object.keys(override.options);
  const other = keys.find((key) => !layerOptions.includes(key));
  if (other === undefined && keys.length > 0) return;
  throw new LowbitError(
    'METHOD_OPTION',
    `Expected an option of ${name} that layers may differ in (${layerOptions.join(', ')}), got ${other === undefined ? 'nothing' : `'${other}'`} for '${match}'; ${other === undefined ? 'name one, or off' : 'set it for the whole step'}.`,
  );
}

/**
 * A step's options for each layer of a model: all overrides that match, in order, so that a later one wins. Throws
 * RECIPE_LAYER where a pattern names no layer.
 */
export function bindLayers({ method, options, layers }: ResolvedStep, decoder: Decoder): LayerOptions {
  const linears = treatedLinears(method, options, decoder);
  for (const { match } of layers)
    if (!linears.some((linear) => matches(match, linear))) throw matchesNone(match, method, linears, decoder);
  const bound = new Map<string, Record<string, unknown>>();
  for (const linear of linears) {
    const own = layers.filter(({ match }) => matches(match, linear));
    const last = own.at(-1);
    if (last && 'off' in last) continue;
    const merged: Record<string, unknown> = { ...options };
    for (const each of own) if (!('off' in each)) Object.assign(merged, each.options);
    bound.set(linear.name, own.length > 0 ? parseOptions(method, merged) : options);
  }
  return bound;
}

/** The blocks' linears in their order, and the ends that its options take in. */
export function treatedLinears(method: Method, options: Record<string, unknown>, decoder: Decoder): Linear[] {
  const ends = method.ends?.(options) ?? [];
  return [
    ...(ends.includes('embedding') ? [embeddingLinear(decoder)] : []),
    ...decoder.blocks.flatMap(blockLinears),
    ...(ends.includes('head') ? [headLinear(decoder)] : []),
  ];
}

function matches(pattern: string, { name, role }: Linear): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return pattern === role || new RegExp(`^${parts.join('.*')}$`).test(name);
}

function matchesNone(match: string, { name }: Method, linears: readonly Linear[], decoder: Decoder): LowbitError {
  const left = [embeddingLinear(decoder), headLinear(decoder)].find((linear) => matches(match, linear));
  const names = linears.map((linear) => linear.name);
  const known = [...linears.map(({ role }) => role), ...names.map((each) => `*.${each.split('.').at(-1)}`), ...names];
  const nearest = nearestName(match, known);
  const first = names[0] ?? 'none';
  const cure =
    left !== undefined
      ? `${name} leaves ${left.name} float unless an option of its takes it in`
      : nearest !== undefined
        ? `did you mean '${nearest}'?`
        : `they are named like ${first}, or by role like ${linears[0]?.role ?? 'q'}`;
  return new LowbitError(
    'RECIPE_LAYER',
    `Expected the name of a ${decoder.family} layer that ${name} treats, with * for any characters, got '${match}'; ${cure}${cure.endsWith('?') ? '' : '.'}`,
  );
}
