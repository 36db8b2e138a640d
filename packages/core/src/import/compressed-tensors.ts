import type { GridSpec, Kernels } from '@lowbit/kernels';
import { transposeArray } from '../export/transpose.js';
import { storeAffine } from '../formats/affine.js';
import type { EncodedPart } from '../formats/format.js';
import type { ConfigReader } from '../model/config-reader.js';
import type { NeutralKeys } from '../model/config-reader.js';
import type { Linear } from '../model/decoder.js';
import { isJsonObject } from '../model/json.js';
import { forwardReader, readCacheScheme, readInputArgs } from './compressed-quantizers.js';
import type { StoredQuantizer } from './compressed-quantizers.js';
import { checkGroupIndex } from './import-format.js';
import type { ImportFormat, LinearTensors } from './import-format.js';
import { unpackWords } from './unpack-words.js';

const isEmpty = (value: unknown): boolean => isJsonObject(value) && Object.keys(value).length === 0;

const neutral: NeutralKeys = {
  quant_method: true,
  quantization_status: true,
  global_compression_ratio: true,
  version: true,
  ignore: true,
  run_compressed: true,
  format: (value) => ['pack-quantized', 'int-quantized'].includes(value as string),
  sparsity_config: isEmpty,
  transform_config: isEmpty,
};

const neutralWeights: NeutralKeys = {
  observer: true,
  observer_kwargs: true,
  actorder: true,
  scale_dtype: true,
  zp_dtype: true,
};

const suffixes = [
  ...['weight', 'weight_packed', 'weight_shape', 'weight_scale', 'weight_zero_point', 'weight_g_idx'],
  ...['input_scale', 'input_zero_point'],
];

interface Group {
  targets: string[];
  bits: number;
  symmetric: boolean;
  input: StoredQuantizer | undefined;
}

/** vLLM's `pack-quantized` and `int-quantized` (methods.md 1.6), with input activations and cache in integers. */
export const compressedTensors: ImportFormat = {
  name: 'compressed-tensors',
  read(section, values) {
    const groups = readGroups(section, values['config_groups']);
    const cache = readCacheScheme(section);
    section.finish('compressed-tensors', neutral);
    return {
      suffixes,
      forward: forwardReader((linear) => findGroup(groups, linear)?.input, cache),
      bits: Math.max(...groups.map(({ bits }) => bits)),
      readPart(linear, tensors, kernels) {
        const group = findGroup(groups, linear.name);
        if (group) return readPart(linear, tensors, group, kernels);
        return section.fail('config_groups', `groups of which one targets ${linear.name}, which is stored encoded`);
      },
    };
  },
};

function readGroups(section: ConfigReader, values: unknown): Group[] {
  const entries = section.section('config_groups') ?? section.fail('config_groups', 'an object');
  const names = isJsonObject(values) ? Object.keys(values) : [];
  if (names.length === 0) section.fail('config_groups', 'an object with at least one group');
  return names.map((name) => {
    const group = entries.section(name) ?? entries.fail(name, 'an object');
    const weights = group.section('weights') ?? group.fail('weights', 'an object');
    const bits = weights.integer('num_bits', { max: 8 });
    weights.choice('type', { int: true });
    weights.choice('strategy', { tensor: true, channel: true, group: true });
    weights.integer('group_size', { fallback: -1, min: -1 });
    const symmetric = weights.boolean('symmetric', true);
    weights.finish('compressed-tensors', neutralWeights);
    const targets = group.strings('targets');
    const input = readInputArgs(group);
    group.finish('compressed-tensors', { format: neutral['format'] as (value: unknown) => boolean });
    return { targets, bits, symmetric, input };
  });
}

/** A module's own name counts before a pattern, and a pattern before the class. */
function findGroup(groups: readonly Group[], name: string): Group | undefined {
  const matches = (target: string): boolean =>
    target.startsWith('re:') && new RegExp(`^(?:${target.slice(3)})`).test(name);
  return (
    groups.find(({ targets }) => targets.includes(name)) ??
    groups.find(({ targets }) => targets.some(matches)) ??
    groups.find(({ targets }) => targets.includes('Linear'))
  );
}

async function readPart(
  linear: Linear,
  tensors: LinearTensors,
  { bits, symmetric }: Group,
  kernels: Kernels,
): Promise<EncodedPart> {
  const { rows, cols } = linear;
  const half = 2 ** (bits - 1);
  const perWord = Math.floor(32 / bits);
  const packed = tensors.has('weight_packed');
  const codes = packed
    ? unpackWords(await tensors.words('weight_packed', [rows, Math.ceil(cols / perWord)]), rows, cols, bits)
    : Uint8Array.from(await tensors.bytes('weight', [rows, cols]), (code) => code + half);
  const scales = await tensors.scales('weight_scale', kernels);
  const isTensor = scales.values.length === 1;
  const groups = isTensor ? 1 : scales.values.length / rows;
  if (!Number.isInteger(groups) || cols % groups !== 0) tensors.find('weight_scale', [], [rows, groups]);
  const groupSize = cols / groups;
  const spec: GridSpec = {
    grid: { name: 'compressed-tensors', symmetric, bits },
    granularity: isTensor ? 'tensor' : groups === 1 ? 'channel' : 'group',
    groupSize,
    scaleType: scales.type,
  };
  const zeroPoints = symmetric ? undefined : await readZeroPoints(tensors, scales.shape, rows, groups, bits, packed);
  const index = tensors.has('weight_g_idx') ? Int32Array.from(await tensors.words('weight_g_idx', [cols])) : undefined;
  const groupIndex = index && checkGroupIndex(index, linear, groups, groupSize);
  return storeAffine(
    { codes, parameters: { scales: scales.values, zeroPoints, groups }, groupIndex },
    { rows, cols },
    spec,
    kernels,
  );
}

async function readZeroPoints(
  tensors: LinearTensors,
  shape: readonly number[],
  rows: number,
  groups: number,
  bits: number,
  packed: boolean,
): Promise<Float32Array> {
  const half = 2 ** (bits - 1);
  // One of the whole tensor is not packed.
  if (!packed || shape.length === 1)
    return Float32Array.from(await tensors.bytes('weight_zero_point', shape), (zero) => zero + half);
  const height = Math.ceil(rows / Math.floor(32 / bits));
  const words = transposeArray(await tensors.words('weight_zero_point', [height, groups]), height, groups);
  return Float32Array.from(transposeArray(unpackWords(words, groups, rows, bits), groups, rows));
}
