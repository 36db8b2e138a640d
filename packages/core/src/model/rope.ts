import type { ConfigReader } from './config-reader.js';
import type { Rope } from './decoder.js';
import { ropeScalings } from './rope-scalings.js';

/**
 * Rotary embedding of a config: `rope_theta` with `rope_scaling` (transformers 4) or `rope_parameters` (transformers 5).
 * `contextLength` is `max_position_embeddings`, or less where a scaling is exact only up to its original length.
 */
export function readRope(config: ConfigReader, headDim: number): { rope: Rope; contextLength: number } {
  const contextLength = config.integer('max_position_embeddings', { fallback: 2048 });
  if (headDim % 2 !== 0) config.fail('head_dim', 'an even number, as rotary embedding turns pairs');
  const parameters = config.section('rope_parameters');
  const scaling = config.section('rope_scaling');
  if (parameters && scaling) config.fail('rope_scaling', 'left out where rope_parameters is given');
  const section = parameters ?? scaling;
  const theta = readTheta(config, section);
  // transformers 4 has no default type inside rope_scaling; 5 has one inside rope_parameters.
  const scale = section ? readType(section, parameters ? 'default' : undefined) : ropeScalings.default;
  const scaled = scale({ theta, dim: headDim, contextLength, config }, section ?? config);
  section?.finish('rotary embedding of this', { partial_rotary_factor: (value) => value === 1 });
  return {
    rope: { dim: headDim, frequencies: scaled.frequencies, magnitude: scaled.magnitude ?? 1 },
    contextLength: scaled.contextLength ?? contextLength,
  };
}

function readTheta(config: ConfigReader, section: ConfigReader | undefined): number {
  const rule = { fallback: 10_000, min: 1 };
  if (!section?.has('rope_theta')) return config.number('rope_theta', rule);
  const theta = section.number('rope_theta', rule);
  if (config.has('rope_theta') && config.number('rope_theta', rule) !== theta)
    config.fail('rope_theta', `the same as in rope_parameters (${theta})`);
  return theta;
}

function readType(section: ConfigReader, fallback: string | undefined) {
  // Old configs say `type`; transformers writes both.
  const legacy = section.has('type') ? section.string('type') : fallback;
  if (section.has('rope_type') && section.has('type') && section.string('rope_type') !== legacy)
    section.fail('type', `the same as rope_type (${section.string('rope_type')})`);
  return section.choice('rope_type', ropeScalings, legacy);
}
