import type { Kernels } from '@lowbit/kernels';
import type { Operator, Quantize, Site } from '../draft/operators.js';
import { rangeOf } from '../draft/static-grid.js';
import { attentionName } from '../export/compressed-quantizers.js';
import type { ConfigReader } from '../model/config-reader.js';
import { blockLinears } from '../model/decoder.js';
import type { Decoder, Linear } from '../model/decoder.js';
import type { StoredTensor } from '../model/safetensors.js';
import { LinearTensors } from './import-format.js';
import type { ForwardReader } from './import-format.js';

/** `QuantizationArgs` of compressed-tensors; a static one lacks the range, which lies in tensors. */
export interface StoredQuantizer {
  operator: Quantize;
  isStatic: boolean;
}

/** Absent or null: inputs stay float. Errors: CONFIG_VALUE, CONFIG_KEY. */
export function readInputArgs(group: ConfigReader): StoredQuantizer | undefined {
  const section = group.section('input_activations');
  return section && readArgs(section, ['tensor', 'token', 'group']);
}

/** The dynamic strategies other than groups take a scale over a head's whole sequence there, which no cache can. */
export function readCacheScheme(config: ConfigReader): StoredQuantizer | undefined {
  const section = config.section('kv_cache_scheme');
  if (section === undefined) return undefined;
  const found = readArgs(section, ['tensor', 'group']);
  if (!found.isStatic && found.operator.granularity !== 'group')
    section.fail('strategy', 'group where dynamic is true');
  return found;
}

function readArgs(section: ConfigReader, strategies: readonly Quantize['granularity'][]): StoredQuantizer {
  const bits = section.integer('num_bits', { fallback: 8, min: 2, max: 8 });
  section.choice('type', { int: true }, 'int');
  const symmetric = section.boolean('symmetric', true);
  const isStatic = !section.boolean('dynamic', false);
  const table = Object.fromEntries(strategies.map((strategy) => [strategy, strategy]));
  const granularity = section.choice(
    'strategy',
    table as Record<string, Quantize['granularity']>,
    section.has('group_size') ? 'group' : 'tensor',
  );
  const groupSize = granularity === 'group' ? section.integer('group_size') : undefined;
  if (isStatic && granularity !== 'tensor') section.fail('strategy', 'tensor where dynamic is false');
  section.finish('compressed-tensors', { observer: true, observer_kwargs: true, zp_dtype: true, group_size: true });
  const step = symmetric ? 'full' : undefined;
  return { operator: { kind: 'quantize', bits, symmetric, granularity, groupSize, clipRatio: 1, step }, isStatic };
}

/** `inputOf`: what rounds a linear's input. */
export function forwardReader(
  inputOf: (linear: string) => StoredQuantizer | undefined,
  cache: StoredQuantizer | undefined,
): ForwardReader {
  return {
    names: ({ blocks }) =>
      cache?.isStatic === true
        ? blocks.flatMap((block) => ['k', 'v'].map((side) => `${attentionName(block)}.${side}_scale`))
        : [],
    async read(decoder, tensors, kernels) {
      const operators = new Map<Site, readonly Operator[]>();
      const add = async (
        site: Site,
        stored: StoredQuantizer | undefined,
        module: string,
        kind: string,
      ): Promise<void> => {
        if (stored)
          operators.set(site, [await complete(stored, new LinearTensors({ name: module }, tensors), kind, kernels)]);
      };
      for (const { name } of quantizedLinears(decoder, tensors))
        await add(`${name}.input`, inputOf(name), name, 'input');
      for (const block of decoder.blocks)
        for (const side of ['key', 'value'] as const)
          await add(`block.${block.index}.${side}`, cache, attentionName(block), side.charAt(0));
      return operators;
    },
  };
}

/** Ignored linears have a plain weight and nothing else. */
function quantizedLinears({ blocks }: Decoder, tensors: ReadonlyMap<string, StoredTensor>): Linear[] {
  return blocks.flatMap(blockLinears).filter(({ name }) => tensors.has(`${name}.weight_scale`));
}

async function complete(
  { operator, isStatic }: StoredQuantizer,
  tensors: LinearTensors,
  kind: string,
  kernels: Kernels,
): Promise<Operator> {
  if (!isStatic) return operator;
  const { values } = await tensors.scales(`${kind}_scale`, kernels, [1]);
  const [zero = 0] = operator.symmetric ? [] : await tensors.bytes(`${kind}_zero_point`, [1]);
  const zeroPoint = operator.symmetric ? 0 : zero + 2 ** (operator.bits - 1);
  const { step: _, ...rest } = operator;
  return { ...rest, range: rangeOf(operator, { step: values[0] as number, zeroPoint }) };
}
