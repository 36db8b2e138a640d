import { z } from 'zod';
import { describeCure } from './describe-issue.js';
import { LowbitError, nearestName } from './errors.js';
import type { Method } from './method.js';

/** One option of a method as its schema says it. */
export interface OptionFacts {
  name: string;
  /** `integer`, `number`, `boolean`, `string`, or the values it may take. */
  type: string;
  /** As JSON; absent where leaving the option out means something of its own. */
  default: unknown;
  /** `2 to 8`, `above 0`; empty where every value of the type will do. */
  range: string;
  description: string;
  /** Whether a recipe may override it layer by layer. */
  perLayer: boolean;
}

/** Every option of a method, checked and filled in. Throws METHOD_OPTION. */
export function parseOptions(method: Method, given: Record<string, unknown>): Record<string, unknown> {
  const known = Object.keys(method.options.shape);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const nearest = nearestName(unknown, known);
    const hint = nearest === undefined ? `it has ${known.join(', ')}` : `did you mean '${nearest}'?`;
    throw new LowbitError('METHOD_OPTION', `Expected an option of ${method.name}, got '${unknown}'; ${hint}`);
  }
  const parsed = method.options.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  const came = path === '' ? '' : ` got ${JSON.stringify(given[path] ?? null)};`;
  throw new LowbitError(
    'METHOD_OPTION',
    `Expected a valid ${method.name} option ${path},${came} ${describeCure(issue)}.`,
  );
}

/** Every option with type, default and range, read from the schema itself. */
export function describeOptions(method: Method): OptionFacts[] {
  const { properties = {} } = z.toJSONSchema(method.options, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).flatMap(([name, schema]) => {
    if (typeof schema === 'boolean') return [];
    const type = schema.enum ? schema.enum.join(' | ') : String(schema.type ?? 'any');
    const perLayer = method.layerOptions?.includes(name) ?? false;
    const { default: value, description = '' } = schema;
    return [{ name, type, default: value, range: rangeOf(schema), description, perLayer }];
  });
}

function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: z.core.JSONSchema.JSONSchema): string {
  const low =
    minimum !== undefined ? `from ${minimum}` : exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : '';
  const isOpen = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER;
  const high = !isOpen ? `to ${maximum}` : exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : '';
  return [low, high].filter((part) => part !== '').join(' ');
}
