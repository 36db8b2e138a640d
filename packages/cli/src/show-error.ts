import { errorCodes, toLowbitError } from '@lowbit/core/store';

/** `error [CODE]: sentence` on standard error; the stack trace only where LOWBIT_DEBUG asks for it. */
export function showError(thrown: unknown): void {
  const { code, message } = describe(thrown);
  process.stderr.write(`error [${code}]: ${message}\n`);
  if (process.env['LOWBIT_DEBUG'] && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
}

function describe(thrown: unknown): { code: string; message: string } {
  // The reports keep an error of their own, because they know core's types only.
  if (thrown instanceof Error && 'code' in thrown && errorCodes.some((code) => code === thrown.code))
    return { code: String(thrown.code), message: thrown.message };
  return toLowbitError(thrown);
}
