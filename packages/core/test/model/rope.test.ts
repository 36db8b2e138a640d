import { readDecoder } from '@lowbit/core';
import t from 'tap';
import { goldens } from '../fixtures/rope-goldens.js';

const base = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 160,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  vocab_size: 320,
};

function readRope(config: Record<string, unknown>) {
  const decoder = readDecoder({ ...base, ...config }, new Set(), 'config.json');
  return { contextLength: decoder.contextLength, rope: decoder.blocks[0]?.attention.rope };
}

for (const { name, config, magnitude, frequencies } of goldens) {
  t.test(`${name} equals transformers, in both forms of the config`, async (t) => {
    const { rope } = readRope(config);
    t.equal(rope?.dim, config.head_dim);
    t.strictSame(rope?.frequencies, frequencies.map(Math.fround));
    // A handful of double-precision operations: a few units in the last place.
    t.ok(Math.abs((rope?.magnitude ?? 0) - magnitude) < 1e-14);
    const { rope_scaling: scaling, rope_theta: theta, ...rest } = config;
    const parameters = { ...scaling, rope_theta: theta };
    t.strictSame(readRope({ ...rest, rope_parameters: parameters }).rope, rope);
  });
}

t.test('Llama 3 against its definition in double precision', async (t) => {
  const { rope } = readRope({
    rope_theta: 500000,
    head_dim: 128,
    max_position_embeddings: 131072,
    rope_scaling: {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    },
  });
  rope?.frequencies.forEach((frequency, i) => {
    const plain = 500000 ** (-i / 64);
    const turns = (8192 * plain) / (2 * Math.PI);
    const keep = Math.min(1, Math.max(0, (turns - 1) / (4 - 1)));
    const expected = plain * (keep + (1 - keep) / 8);
    // About ten float32 operations of relative error 6e-8 each.
    t.ok(Math.abs(frequency - expected) < 6e-7 * expected, `frequency ${i}`);
  });
});

t.test('the context ends where a scaling stops being exact', async (t) => {
  const long = goldens.find(({ name }) => name === 'longrope');
  t.equal(readRope({ ...long?.config }).contextLength, 2048);
  t.equal(
    readRope({ max_position_embeddings: 4096, rope_scaling: { type: 'dynamic', factor: 2 } }).contextLength,
    4096,
  );
  t.equal(readRope({}).contextLength, 2048, "Llama's default");
});

t.test('what is not understood is refused, by name', async (t) => {
  const yarn = { rope_type: 'yarn', factor: 4 };
  const list = [1, 1, 1, 1, 1, 1, 1, 1];
  const cases: [config: Record<string, unknown>, code: string, message: RegExp][] = [
    [{ rope_scaling: { rope_type: 'mrope', factor: 4 } }, 'CONFIG_VALUE', /"rope_scaling\.rope_type" .* "mrope"/],
    [{ rope_scaling: { rope_type: 'yarm', factor: 4 } }, 'CONFIG_VALUE', /did you mean yarn\?/],
    [{ rope_scaling: { factor: 4 } }, 'CONFIG_VALUE', /"rope_scaling\.rope_type" .* not there/],
    [{ rope_scaling: { ...yarn, type: 'linear' } }, 'CONFIG_VALUE', /"rope_scaling\.type" .* the same as rope_type/],
    [{ rope_scaling: { ...yarn, mrope_section: [1] } }, 'CONFIG_KEY', /"rope_scaling\.mrope_section"/],
    [{ rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } }, 'CONFIG_KEY', /partial_rotary_factor/],
    [{ partial_rotary_factor: 0.5 }, 'CONFIG_KEY', /"partial_rotary_factor": 0\.5/],
    [{ rope_parameters: { full_attention: {} } }, 'CONFIG_KEY', /"rope_parameters\.full_attention"/],
    [{ rope_parameters: {}, rope_scaling: yarn }, 'CONFIG_VALUE', /left out where rope_parameters is given/],
    [{ rope_theta: 1e4, rope_parameters: { rope_theta: 1e6 } }, 'CONFIG_VALUE', /"rope_theta" .* the same/],
    [{ rope_scaling: 4 }, 'CONFIG_VALUE', /"rope_scaling" .* an object, and it is 4/],
    [{ rope_scaling: { rope_type: 'linear' } }, 'CONFIG_VALUE', /"rope_scaling\.factor" .* not there/],
    [{ rope_scaling: { rope_type: 'linear', factor: 0.5 } }, 'CONFIG_VALUE', /"rope_scaling\.factor" .* 0\.5/],
    [
      { rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 1 } },
      'CONFIG_VALUE',
      /above low/,
    ],
    [
      { original_max_position_embeddings: 1024, rope_scaling: { ...yarn, original_max_position_embeddings: 2048 } },
      'CONFIG_VALUE',
      /the same .* \(2048\)/,
    ],
    [
      { rope_scaling: { rope_type: 'longrope', short_factor: [1], long_factor: [1] } },
      'CONFIG_VALUE',
      /short_factor" .* list of 8/,
    ],
    [
      { rope_scaling: { rope_type: 'longrope', short_factor: 'x', long_factor: [1] } },
      'CONFIG_VALUE',
      /list of numbers/,
    ],
    [
      {
        original_max_position_embeddings: 512,
        rope_scaling: { rope_type: 'longrope', short_factor: list, long_factor: list, factor: 3 },
      },
      'CONFIG_VALUE',
      /"rope_scaling\.factor" .* \(4\)/,
    ],
    [{ head_dim: 15 }, 'CONFIG_VALUE', /"head_dim" .* even/],
  ];
  for (const [config, code, message] of cases)
    t.throws(() => readRope(config), { code, message }, JSON.stringify(config));
});
