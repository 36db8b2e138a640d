import { LowbitError } from '../errors.js';
import type { Tokenizer } from '../model/tokenizer.js';
import { inspectGguf, openGguf, openGgufTokenizer } from './gguf-model.js';
import type { OutsideInfo, OutsideModel, OutsideOptions } from './model-info.js';
import { isServer } from './model-name.js';
import { inspectServer, openServer, openServerTokenizer } from './openai-server.js';

/** Facts only; of a server what it says of itself. */
export function inspectOutside(path: string, kernels: OutsideOptions['kernels']): Promise<OutsideInfo> {
  return isServer(path) ? inspectServer(path) : inspectGguf(path, kernels);
}

export function openOutside(path: string, options: OutsideOptions): Promise<OutsideModel> {
  return isServer(path) ? openServer(path) : openGguf(path, options);
}

export function openOutsideTokenizer(info: OutsideInfo): Promise<Tokenizer> {
  return isServer(info.path) ? openServerTokenizer(info.path, info) : openGgufTokenizer(info);
}

/** It is scored as it is: EXPERIMENT_OPTION for a recipe that would change it. */
export function refuseRecipe(path: string, recipe: string): LowbitError {
  return new LowbitError(
    'EXPERIMENT_OPTION',
    `Expected no recipe but float for ${path}, which is computed elsewhere from weights that Lowbit does not hold, got '${recipe}'; quantize the checkpoint that it was made of.`,
  );
}
