import { z } from 'zod';
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
}

/** Every option with type, default and range, read from the schema itself. */
export function describeOptions(method: Method): OptionFacts[] {
  const { properties = {} } = z.toJSONSchema(method.options, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).flatMap(([name, schema]) => {
    if (typeof schema === 'boolean') return [];
    const type = schema.enum ? schema.enum.join(' | ') : String(schema.type ?? 'any');
    return [{ name, type, default: schema.default, range: rangeOf(schema), description: schema.description ?? '' }];
  });
}

function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: z.core.JSONSchema.JSONSchema): string {
  const low =
    minimum !== undefined ? `from ${minimum}` : exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : '';
  const isOpen = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER;
  const high = !isOpen ? `to ${maximum}` : exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : '';
  return [low, high].filter((part) => part !== '').join(' ');
}
