// The module hooks of strip-types.mjs. Lines stay in place, so that a failure names the right one.
import { readFile } from 'node:fs/promises';
import { transform } from 'sucrase';

const OPTIONS = { transforms: ['typescript'], disableESTransforms: true, keepUnusedImports: true };

// TypeScript names a neighbour by what it compiles to: "./helper.js" is helper.ts here.
export async function resolve(specifier, context, nextResolve) {
  const neighbour = /^\.\.?\//.test(specifier) && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts');
  if (!neighbour) return nextResolve(specifier, context);
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return nextResolve(specifier.replace(/\.js$/, '.ts'), context);
  }
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const { code } = transform(await readFile(new URL(url), 'utf8'), OPTIONS);
  return { format: 'module', shortCircuit: true, source: code };
}
