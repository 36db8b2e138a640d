import { LowbitError, nearestName } from '../errors.js';
import { isJsonObject, show } from './json.js';
import type { JsonObject } from './json.js';

/** Keys that do not change what the model computes; a function limits that to some values. */
export type NeutralKeys = Record<string, true | ((value: unknown) => boolean)>;

/** Bounds are inclusive. Without a fallback an absent (or null) key is an error. */
interface NumberRule {
  fallback?: number;
  min?: number;
  max?: number;
}

const MAX_INTEGER = 2 ** 31 - 1;

/**
 * Typed access to a config that records what was read, so that `finish` can refuse every key which nobody looked at:
 * a key that changes the arithmetic must never be passed over. Null counts as absent. Errors: CONFIG_VALUE, CONFIG_KEY.
 */
export class ConfigReader {
  readonly #values: JsonObject;
  readonly #path: string;
  readonly #read = new Set<string>();

  /** `source` names the file in errors, `path` the section within it (`rope_scaling.`). */
  constructor(
    values: JsonObject,
    readonly source: string,
    path = '',
  ) {
    this.#values = values;
    this.#path = path;
  }

  has(key: string): boolean {
    return this.#take(key) !== undefined;
  }

  /** The key is there, even if only as null: some families tell null from absent. */
  states(key: string): boolean {
    return Object.hasOwn(this.#values, key);
  }

  integer(key: string, rule: NumberRule = {}): number {
    const { min = 1, max = MAX_INTEGER } = rule;
    const value = this.#take(key) ?? rule.fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    return this.fail(key, `a whole number${describeRange(min, max, MAX_INTEGER)}`);
  }

  /** A finite number. */
  number(key: string, rule: NumberRule = {}): number {
    const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE } = rule;
    const value = this.#take(key) ?? rule.fallback;
    if (typeof value === 'number' && value >= min && value <= max) return value;
    return this.fail(key, `a number${describeRange(min, max, Number.MAX_VALUE)}`);
  }

  numbers(key: string): number[] {
    const value = this.#take(key);
    const isNumbers = (items: unknown[]): items is number[] => items.every((item) => typeof item === 'number');
    return Array.isArray(value) && isNumbers(value) ? value : this.fail(key, 'a list of numbers');
  }

  boolean(key: string, fallback?: boolean): boolean {
    const value = this.#take(key) ?? fallback;
    return typeof value === 'boolean' ? value : this.fail(key, 'true or false');
  }

  string(key: string, fallback?: string): string {
    const value = this.#take(key) ?? fallback;
    return typeof value === 'string' ? value : this.fail(key, 'a string');
  }

  strings(key: string): string[] {
    const value = this.#take(key);
    const isStrings = (items: unknown[]): items is string[] => items.every((item) => typeof item === 'string');
    return Array.isArray(value) && isStrings(value) ? value : this.fail(key, 'a list of strings');
  }

  /** The row of `table` that the key names. */
  choice<T>(key: string, table: Readonly<Record<string, T>>, fallback?: string): T {
    const name = this.string(key, fallback);
    const found = Object.hasOwn(table, name) ? table[name] : undefined;
    if (found !== undefined) return found;
    const known = Object.keys(table);
    const near = nearestName(name, known);
    return this.fail(key, `one of ${known.join(', ')}${near === undefined ? '' : ` (did you mean ${near}?)`}`);
  }

  /** A nested object, with a record of its own: its reader calls `finish` on it. */
  section(key: string): ConfigReader | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    return isJsonObject(value)
      ? new ConfigReader(value, this.source, `${this.#path}${key}.`)
      : this.fail(key, 'an object');
  }

  /** Throws CONFIG_VALUE: the key's value is not what it must be. */
  fail(key: string, expected: string): never {
    const value = this.#values[key];
    const came = value === undefined ? 'it is not there' : `it is ${show(value)}`;
    throw new LowbitError('CONFIG_VALUE', `"${this.#path}${key}" in ${this.source} must be ${expected}, and ${came}.`);
  }

  /** Throws CONFIG_KEY for the first key that was not read, is not neutral and is neither null nor false. */
  finish(family: string, ...neutral: NeutralKeys[]): void {
    for (const [key, value] of Object.entries(this.#values)) {
      if (this.#read.has(key) || value === null || value === false) continue;
      const rule = neutral.find((keys) => Object.hasOwn(keys, key))?.[key];
      if (rule === true || rule?.(value)) continue;
      throw new LowbitError(
        'CONFIG_KEY',
        `"${this.#path}${key}": ${show(value)} in ${this.source} may change what the model computes, and the ${family} family does not support it.`,
      );
    }
  }

  #take(key: string): unknown {
    this.#read.add(key);
    return (Object.hasOwn(this.#values, key) ? this.#values[key] : undefined) ?? undefined;
  }
}

function describeRange(min: number, max: number, unlimited: number): string {
  if (max < unlimited) return ` from ${min} to ${max}`;
  if (min === Number.MIN_VALUE) return ' above 0';
  return min > -unlimited ? ` of at least ${min}` : '';
}
