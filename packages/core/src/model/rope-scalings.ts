import type { ConfigReader } from './config-reader.js';

/** What a scaling starts from; `config` is the whole config, for the keys that some families keep at its top. */
export interface RopeBase {
  theta: number;
  dim: number;
  contextLength: number;
  config: ConfigReader;
}

export interface ScaledRope {
  /** `dim / 2` angular frequencies, each a float32. */
  frequencies: number[];
  /** Multiplies cosine and sine; absent: 1. */
  magnitude?: number;
  /** Longest sequence for which these frequencies hold; absent: the config's. */
  contextLength?: number;
}

type RopeScaling = (base: RopeBase, section: ConfigReader) => ScaledRope;

/*
 * Each follows transformers' modeling_rope_utils (4.57) step by step in float32, because losses are compared with it
 * to 1e-5. Two habits of torch matter: a Python number meets a tensor as float32, and number / tensor is computed as
 * reciprocal times number.
 */
const f32 = Math.fround;
const divide = (number: number, by: number): number => f32(f32(1 / by) * f32(number));

/** theta ** (2 i / dim), the wavelengths over 2 pi. */
function periods({ theta, dim }: RopeBase): number[] {
  return Array.from({ length: dim / 2 }, (_, i) => f32(f32(theta) ** f32((2 * i) / dim)));
}

const unscaled = (base: RopeBase): number[] => periods(base).map((period) => f32(1 / period));

const readFactor = (section: ConfigReader): number => section.number('factor', { min: 1 });

/** Length before the scaling: beside the scaling's other keys, or at the top of the config (Phi-3), or both alike. */
function readOriginalLength({ config, contextLength }: RopeBase, section: ConfigReader): number {
  const key = 'original_max_position_embeddings';
  const fallback = config.integer(key, { fallback: contextLength });
  const length = section.integer(key, { fallback });
  if (config.has(key) && length !== fallback) config.fail(key, `the same as beside the rope scaling (${length})`);
  return length;
}

const linear: RopeScaling = (base, section) => {
  const factor = f32(readFactor(section));
  return { frequencies: unscaled(base).map((frequency) => f32(frequency / factor)) };
};

/**
 * Dynamic NTK: up to `max_position_embeddings` it is the default; beyond, the base would change with every sequence's
 * length, so longer sequences are refused (`contextLength` stays at the original length).
 */
const dynamic: RopeScaling = (base, section) => {
  readFactor(section);
  readOriginalLength(base, section);
  return { frequencies: unscaled(base) };
};

/** Llama 3.1: long wavelengths are divided by the factor, short ones kept, those between interpolated. */
const llama3: RopeScaling = (base, section) => {
  const factor = f32(readFactor(section));
  const low = section.number('low_freq_factor', { min: Number.MIN_VALUE });
  const high = section.number('high_freq_factor', { min: Number.MIN_VALUE });
  if (high <= low) section.fail('high_freq_factor', `above low_freq_factor (${low})`);
  const length = readOriginalLength(base, section);
  const frequencies = unscaled(base).map((frequency) => {
    const wavelength = divide(2 * Math.PI, frequency);
    if (wavelength > f32(length / low)) return f32(frequency / factor);
    if (wavelength < f32(length / high)) return frequency;
    const smooth = f32(f32(divide(length, wavelength) - f32(low)) / f32(high - low));
    return f32(f32(f32(f32(1 - smooth) * frequency) / factor) + f32(smooth * frequency));
  });
  return { frequencies };
};

/** YaRN (Peng et al. 2023, sections 3.2 to 3.4). */
const yarn: RopeScaling = (base, section) => {
  const factor = readFactor(section);
  const length = readOriginalLength(base, section);
  const fast = section.number('beta_fast', { fallback: 32, min: Number.MIN_VALUE });
  const slow = section.number('beta_slow', { fallback: 1, min: Number.MIN_VALUE });
  const [low, high] = yarnRange(base, length, fast, slow, section.boolean('truncate', true));
  const frequencies = periods(base).map((period, i) => {
    const ramp = Math.min(1, Math.max(0, f32(f32(i - f32(low)) / f32(high - low))));
    const keep = f32(1 - ramp);
    const interpolated = f32(1 / f32(f32(factor) * period));
    return f32(f32(interpolated * f32(1 - keep)) + f32(f32(1 / period) * keep));
  });
  return { frequencies, magnitude: yarnMagnitude(factor, section) };
};

/** Indices between which the ramp runs from "keep" to "interpolate". */
function yarnRange({ theta, dim }: RopeBase, length: number, fast: number, slow: number, truncate: boolean) {
  const index = (turns: number): number => (dim * Math.log(length / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const low = Math.max(truncate ? Math.floor(index(fast)) : index(fast), 0);
  const high = Math.min(truncate ? Math.ceil(index(slow)) : index(slow), dim - 1);
  // The reference's guard against a ramp without length.
  return [low, low === high ? high + 0.001 : high] as const;
}

function yarnMagnitude(factor: number, section: ConfigReader): number {
  const scale = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  const mscale = section.number('mscale', { fallback: 0, min: 0 });
  const allDim = section.number('mscale_all_dim', { fallback: 0, min: 0 });
  const inferred = mscale && allDim ? scale(mscale) / scale(allDim) : scale(1);
  return section.number('attention_factor', { fallback: inferred, min: 0 });
}

/**
 * LongRoPE has one list of factors for sequences up to the original length and another for longer ones. A Decoder has
 * one set of frequencies, so it takes the short list and ends at the original length: there it is exact.
 */
const longrope: RopeScaling = (base, section) => {
  const length = readOriginalLength(base, section);
  const short = readFactors('short_factor', base, section);
  readFactors('long_factor', base, section);
  const ratio = base.contextLength / length;
  const factor = section.number('factor', { fallback: ratio, min: Number.MIN_VALUE });
  const isAmbiguous = factor !== ratio && ratio !== 1 && !section.has('attention_factor');
  if (isAmbiguous) section.fail('factor', `max_position_embeddings / original_max_position_embeddings (${ratio})`);
  const inferred = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(length));
  return {
    frequencies: periods(base).map((period, i) => f32(1 / f32(f32(short[i]) * period))),
    magnitude: section.number('attention_factor', { fallback: inferred, min: 0 }),
    contextLength: Math.min(length, base.contextLength),
  };
};

function readFactors(key: string, { dim }: RopeBase, section: ConfigReader): number[] {
  const factors = section.numbers(key);
  const isRight = factors.length === dim / 2 && factors.every((factor) => factor > 0);
  return isRight ? factors : section.fail(key, `a list of ${dim / 2} positive numbers`);
}

/** `rope_type` in a config. */
export const ropeScalings = {
  default: (base: RopeBase): ScaledRope => ({ frequencies: unscaled(base) }),
  linear,
  dynamic,
  llama3,
  yarn,
  longrope,
} satisfies Record<string, RopeScaling>;
