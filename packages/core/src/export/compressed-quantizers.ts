import type { Quantize } from '../draft/operators.js';
import { isStaticGrid, staticGrid } from '../draft/static-grid.js';
import { blockLinears } from '../model/decoder.js';
import type { Block } from '../model/decoder.js';
import type { JsonObject } from '../model/json.js';
import type { NewTensor } from '../model/safetensors-write.js';
import { refuse } from './format.js';
import type { ExportPlan } from './format.js';
import { withoutOperators } from './requirements.js';
import { bytesOf } from './transpose.js';

const name = 'compressed-tensors';

/** What the recipe rounds in the forward pass, in the words of compressed-tensors (`QuantizationArgs`). */
export interface ForwardQuantizers {
  /** `input_activations` by the linear's name. */
  inputs: ReadonlyMap<string, JsonObject>;
  /** `kv_cache_scheme`, one for the model. */
  cache: JsonObject | null;
  /** `input_scale`, `input_zero_point`, `k_scale` and `v_scale` where ranges are static. */
  tensors: NewTensor[];
  /** The scales among them. */
  scales: Float32Array;
}

interface Described {
  args: JsonObject;
  /** Where the range is static. */
  grid?: { step: number; zeroPoint: number };
}

/** Throws EXPORT_REFUSED for whatever happens at a site that loaders would compute otherwise, or not at all. */
export function readQuantizers(source: ExportPlan): ForwardQuantizers {
  const { decoder } = source;
  const sites = siteQuantizers(source);
  const inputs = new Map<string, JsonObject>();
  const tensors: NewTensor[] = [];
  const scales: number[] = [];
  const addScale = (module: string, kind: string, { args, grid }: Described): void => {
    if (grid === undefined) return;
    scales.push(grid.step);
    const half = 2 ** ((args['num_bits'] as number) - 1);
    const data = bytesOf(Float32Array.of(grid.step));
    tensors.push({ name: `${module}.${kind}_scale`, dtype: 'F32', shape: [1], data });
    if (args['symmetric'] === true) return;
    const zero = bytesOf(Int8Array.of(grid.zeroPoint - half));
    tensors.push({ name: `${module}.${kind}_zero_point`, dtype: 'I8', shape: [1], data: zero });
  };
  for (const { name: linear } of decoder.blocks.flatMap(blockLinears)) {
    const found = sites.get(`${linear}.input`);
    if (found === undefined) continue;
    requireLoadableInputs(source, linear, found);
    const described = describe(`${linear}.input`, found);
    inputs.set(linear, described.args);
    addScale(linear, 'input', described);
  }
  let cache: JsonObject | null = null;
  for (const block of decoder.blocks) {
    const { index } = block;
    const [key, value] = ['key', 'value'].map((side) => describeCache(`block.${index}.${side}`, sites));
    const same = JSON.stringify(key?.args) === JSON.stringify(value?.args);
    if (!same || (index > 0 && JSON.stringify(cache) !== JSON.stringify(key?.args ?? null)))
      refuse(
        name,
        `keys and values of block ${index} are not rounded like those before, and kv_cache_scheme is one entry for all`,
        'give keys and values of all blocks the same bits',
      );
    if (key === undefined || value === undefined) continue;
    if (decoder.family === 'opt')
      refuse(
        name,
        'loaders read num_key_value_heads for kv_cache_scheme, and an OPT config has none',
        'leave kv out of the recipe, or export to onnx',
      );
    cache = key.args;
    const module = attentionName(block);
    addScale(module, 'k', key);
    addScale(module, 'v', value);
  }
  return { inputs, cache, tensors, scales: Float32Array.from(scales) };
}

/** The module that holds the projections, and a static cache's scales. */
export function attentionName({ attention }: Pick<Block, 'attention'>): string {
  return attention.output.name.replace(/\.[^.]+$/, '');
}

const sitePattern = /\.input$|^block\.\d+\.(?:key|value)$/;

/** One quantizer a site, at the inputs of linears and at keys and values as they are stored. */
function siteQuantizers({ operators }: ExportPlan): Map<string, Quantize> {
  const sites = new Map<string, Quantize>();
  for (const [site, list] of Object.entries(operators)) {
    const [only, second] = list as unknown as readonly Quantize[];
    if (only === undefined) continue;
    if (!sitePattern.test(site) || second !== undefined || only.kind !== 'quantize')
      refuse(
        name,
        `the recipe computes ${list.map(({ kind }) => String(kind)).join(', ')} at ${site} in the forward pass, and the files hold one quantizer at inputs, keys and values only`,
        withoutOperators(list),
      );
    sites.set(site, only);
  }
  return sites;
}

function requireLoadableInputs(
  { layers, decoder }: ExportPlan,
  linear: string,
  { granularity, range }: Quantize,
): void {
  if (decoder.family === 'opt' && granularity === 'token' && range === undefined)
    refuse(
      name,
      `inputs of ${linear} have a scale a token, and transformers flattens those of an OPT MLP, whose tokens then share one`,
      'set granularity=group, granularity=tensor or range=static for activations',
    );
  const layer = layers.find((each) => each.linear.name === linear);
  if (layer === undefined)
    refuse(name, `${linear} stays float and its inputs are rounded`, 'quantize its weight too, or export to onnx');
  if (layer.groupIndex !== undefined && granularity === 'group')
    refuse(
      name,
      `the groups of ${linear} follow actOrder=group, and loaders would regroup its inputs with them`,
      'quantize with actOrder=static, or activations with granularity=token',
    );
}

const known = ['kind', 'bits', 'symmetric', 'granularity', 'groupSize', 'clipRatio', 'includeZero', 'range', 'step'];
const defaults: readonly unknown[] = ['integer', 'float32', undefined];

function describe(site: string, operator: Quantize): Described {
  const { bits, symmetric, granularity, groupSize, clipRatio, includeZero, range, step } = operator;
  const other = Object.entries(operator).find(([key, value]) => !known.includes(key) && !defaults.includes(value));
  if (other !== undefined || includeZero === false)
    refuse(
      name,
      `the quantizer at ${site} has ${other?.[0] ?? 'a range without zero'}, which its config cannot say`,
      'leave that option out, or export to onnx',
    );
  const args = { num_bits: bits, type: 'int', symmetric };
  if (isStaticGrid(operator))
    return { args: { ...args, strategy: 'tensor', group_size: null, dynamic: false }, grid: staticGrid(operator) };
  if (range !== undefined)
    refuse(
      name,
      `the quantizer at ${site} has a range a group, and loaders have one of the tensor`,
      'set granularity=tensor',
    );
  if (clipRatio !== 1)
    refuse(name, `the quantizer at ${site} has clipRatio=${clipRatio}, and loaders keep the range`, 'set clipRatio=1');
  if (symmetric && step !== 'full')
    refuse(
      name,
      `the symmetric step at ${site} is absMax / ${2 ** (bits - 1) - 1}, and loaders compute absMax / ${(2 ** bits - 1) / 2}`,
      'set grid=compressed-tensors, symmetric=false or range=static',
    );
  const size = granularity === 'group' ? (groupSize ?? null) : null;
  return { args: { ...args, strategy: granularity, group_size: size, dynamic: true } };
}

/** Loaders see keys and values as `[batch, heads, sequence, headDim]`, so that of the dynamic strategies only groups mean ours. */
function describeCache(site: string, sites: ReadonlyMap<string, Quantize>): Described | undefined {
  const found = sites.get(site);
  if (found === undefined) return undefined;
  if (!found.symmetric)
    refuse(
      name,
      `the quantizer at ${site} is asymmetric, and loaders take symmetric caches only`,
      'set symmetric=true',
    );
  if (found.range === undefined && found.granularity !== 'group')
    refuse(name, `the quantizer at ${site} has no groups within a head`, 'set a groupSize');
  return describe(site, found);
}
