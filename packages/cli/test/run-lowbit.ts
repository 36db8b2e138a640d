import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
/** The embedded model; its folder holds the stories as well. */
export const model = `${root}models/stories260k`;
const main = `${root}packages/cli/dist/main.js`;

export interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Sends a signal to the command after so many milliseconds, or when it says something on standard error. */
  signal?: { name: NodeJS.Signals; after: number | string };
}

/** The command line as a user's shell would start it. */
export function runLowbit(args: readonly string[], { cwd = root, env = {}, signal }: RunOptions = {}): Promise<Ended> {
  // tap gives its loaders to every process that a test starts, which doubles the time of each; `env` takes them away again.
  const child = spawn('env', ['NODE_OPTIONS=', process.execPath, main, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const send = (): void => void child.kill(signal?.name);
  const timer = typeof signal?.after === 'number' ? setTimeout(send, signal.after) : undefined;
  child.stderr.on('data', () => {
    if (typeof signal?.after === 'string' && output.stderr.includes(signal.after)) send();
  });
  return new Promise((resolve) => {
    child.on('close', (status, ended) => {
      clearTimeout(timer);
      resolve({ status, signal: ended, ...output });
    });
  });
}

/** Six small cells: float, RTN and GPTQ at 3 bits on two tasks. */
export const experiment = {
  name: 'small',
  notes: ['In-sample.'],
  models: [model],
  recipes: ['float', { name: 'rtn', recipe: 'rtn(bits=3)' }, { name: 'gptq', recipe: 'gptq(bits=3)' }],
  tasks: [
    { name: 'tinystories', limit: 2 },
    { name: 'story_continuation', limit: 4 },
  ],
  calibration: `text:${model}/stories.txt,samples=2,sequenceLength=64`,
  data: model,
  workers: 2,
};
