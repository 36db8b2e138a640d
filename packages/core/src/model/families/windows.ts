import type { ConfigReader, NeutralKeys } from '../config-reader.js';

/** Mistral: one window for all blocks; null switches it off, an absent key means 4096. */
export function mistralWindows(config: ConfigReader, blocks: number): (number | undefined)[] {
  const window = readWindow(config);
  return Array.from({ length: blocks }, () => window);
}

/** What Qwen's configs carry even where `use_sliding_window` is false and it does not count. */
export const qwenWindowKeys: NeutralKeys = { sliding_window: true, max_window_layers: true };

/**
 * Qwen: `sliding_window` counts only with `use_sliding_window`, and then for the blocks that `layer_types` says, or
 * else for those from `max_window_layers` on.
 */
export function qwenWindows(config: ConfigReader, blocks: number): (number | undefined)[] {
  const window = config.boolean('use_sliding_window', false) ? readWindow(config) : undefined;
  if (config.has('layer_types')) return windowsByType(config, blocks, window);
  const first = window === undefined ? blocks : config.integer('max_window_layers', { fallback: 28, min: 0 });
  return Array.from({ length: blocks }, (_, index) => (index >= first ? window : undefined));
}

function readWindow(config: ConfigReader): number | undefined {
  if (config.states('sliding_window') && !config.has('sliding_window')) return undefined;
  return config.integer('sliding_window', { fallback: 4096 });
}

function windowsByType(config: ConfigReader, blocks: number, window: number | undefined): (number | undefined)[] {
  const types = config.strings('layer_types');
  if (types.length !== blocks) config.fail('layer_types', `a list of ${blocks} names, one a block`);
  return types.map((type) => {
    if (type === 'full_attention') return undefined;
    if (type !== 'sliding_attention') return config.fail('layer_types', 'made of full_attention and sliding_attention');
    return window ?? config.fail('layer_types', 'full_attention throughout where no sliding window is in use');
  });
}
