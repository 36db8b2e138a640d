import { createRequire } from 'node:module';

/** Of the core package; all packages of a release share it. */
export const { version } = createRequire(import.meta.url)('@lowbit/core/package.json') as { version: string };
