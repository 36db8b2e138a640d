import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';

const own = ['@lowbit/core', '@lowbit/kernels', '@lowbit/methods', '@lowbit/tasks'];

/** Files of users lie anywhere, where no `node_modules` leads to Lowbit: its packages are those of this command line. */
const jiti = createJiti(import.meta.url, {
  alias: {
    lowbit: fileURLToPath(new URL('./index.js', import.meta.url)),
    ...Object.fromEntries(own.map((name) => [name, fileURLToPath(import.meta.resolve(name))])),
  },
});

/** Loads a user's module, JavaScript or TypeScript. The only file that runs TypeScript. */
export function importModule(path: string): Promise<Record<string, unknown>> {
  return jiti.import(path);
}
