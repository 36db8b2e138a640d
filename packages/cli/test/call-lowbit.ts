import type { Test } from 'tap';
import { runProgram } from 'lowbit';
import type { Host } from 'lowbit';

/** A command in this process: milliseconds in place of the seconds that processes of its own take. */
export async function callLowbit(
  t: Test,
  args: readonly string[],
): Promise<{ status: number; stdout: string; stderr: string }> {
  const host: Host = {
    temporaryFolder: t.testdirName,
    crashes: undefined,
    signal: new AbortController().signal,
    tell: () => undefined,
  };
  const out = t.capture(process.stdout, 'write', () => true);
  const error = t.capture(process.stderr, 'write', () => true);
  try {
    const status = await runProgram(args, host);
    const text = (calls: { args: unknown[] }[]): string => calls.map(({ args: [chunk] }) => String(chunk)).join('');
    return { status, stdout: text(out()), stderr: text(error()) };
  } finally {
    out.restore();
    error.restore();
  }
}
