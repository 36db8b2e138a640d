/** JSON as Python's `json` writes it, which may hold `NaN` and `Infinity`: they become null. Throws SyntaxError. */
export function parsePythonJson(text: string): unknown {
  return JSON.parse(
    text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (found) => (found.startsWith('"') ? found : 'null')),
  );
}

/** A number or truth value as Python's `str` writes it: `-12.0`, `1e-05`, `True`. */
export function toPythonText(value: number | boolean): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16))
    return value.toExponential().replace(/e([+-])(\d)$/, (_, sign: string, digit: string) => `e${sign}0${digit}`);
  return Number.isInteger(value) ? `${Object.is(value, -0) ? '-0' : value}.0` : String(value);
}

/** The reverse; undefined for any other text. */
export function fromPythonText(text: unknown): number | boolean | undefined {
  if (typeof text === 'number' || typeof text === 'boolean') return text;
  if (text === 'True' || text === 'False') return text === 'True';
  if (text === 'inf' || text === '-inf') return text === 'inf' ? Infinity : -Infinity;
  if (typeof text !== 'string' || !/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) return undefined;
  return Number(text);
}
