import { blockLinears, blockStages, decoderTensors, families, readDecoder } from '@lowbit/core';
import type { Decoder } from '@lowbit/core';
import t from 'tap';
import { tinyConfigs } from '../fixtures/tiny-configs.js';

const decode = (config: Record<string, unknown>, stored: string[] = []): Decoder =>
  readDecoder(config, new Set(stored), 'config.json');

const names = (decoder: Decoder): string[] => decoderTensors(decoder).map(({ tensor }) => tensor);

t.test('the table', async (t) => {
  const types = families.flatMap(({ modelTypes }) => modelTypes);
  t.strictSame(types, [...new Set(types)], 'no model_type twice');
  for (const { name } of families) t.ok(name in tinyConfigs, `${name} has a fixture`);
});

for (const [name, config] of Object.entries(tinyConfigs)) {
  t.test(`${name}: linears fit together`, async (t) => {
    const { blocks, hiddenSize, family } = decode(config);
    t.equal(family, config.model_type);
    t.equal(blocks.length, 2);
    for (const block of blocks) {
      const { heads, kvHeads, headDim, inputs, output } = block.attention;
      const parts = inputs.flatMap((linear) => linear.parts);
      t.strictSame(parts, ['query', 'key', 'value']);
      t.equal(
        inputs.reduce((rows, linear) => rows + linear.rows, 0),
        (heads + 2 * kvHeads) * headDim,
      );
      t.strictSame([output.rows, output.cols], [hiddenSize, heads * headDim]);
      t.strictSame([block.mlp.down.rows, block.mlp.down.cols], [hiddenSize, block.mlp.inputs[0]?.rows]);
      for (const { weight, rows, cols } of blockLinears(block))
        t.strictSame(weight.shape, weight.transposed ? [cols, rows] : [rows, cols], weight.tensor);
      t.strictSame(blockStages(block).flat(), blockLinears(block));
      for (const stage of blockStages(block)) t.equal(new Set(stage.map(({ cols }) => cols)).size, 1);
    }
  });

  t.test(`${name}: a key that may change the arithmetic is refused, and no other`, async (t) => {
    const expected = { code: 'CONFIG_KEY', message: /"attn_logit_softcapping": 50 / };
    t.throws(() => decode({ ...config, attn_logit_softcapping: 50 }), expected);
    t.throws(() => decode({ ...config, quantization_config: { bits: 4 } }), { code: 'CONFIG_KEY' });
    t.throws(() => decode({ ...config, chunk_size_feed_forward: 2 }), { code: 'CONFIG_KEY' });
    const neutral = { use_cache: true, bos_token_id: 1, attention_dropout: 0.1, dtype: 'bfloat16', pruned_heads: {} };
    t.strictSame(decode({ ...config, ...neutral, attn_logit_softcapping: null, some_flag: false }), decode(config));
  });
}

t.test('an unknown family lists the known ones', async (t) => {
  const message = /^"model_type" in config\.json must be one of llama, .*gpt2, and it is "gemma2"\.$/;
  t.throws(() => decode({ model_type: 'gemma2' }), { code: 'CONFIG_FAMILY', message });
  t.throws(() => decode({ model_type: 'mixtral' }), { code: 'CONFIG_FAMILY', message: /; mistral is nearest/ });
  t.throws(() => decode({}), { code: 'CONFIG_FAMILY', message: /it is absent/ });
  t.throws(() => decode({ ...tinyConfigs.llama, architectures: ['LlamaForSequenceClassification'] }), {
    code: 'CONFIG_FAMILY',
    message: /"architectures" .* one of LlamaForCausalLM, .*"LlamaForSequenceClassification"/,
  });
  t.equal(decode({ ...tinyConfigs.llama, architectures: [] }).family, 'llama');
});

t.test('llama: biases, heads, defaults', async (t) => {
  const plain = decode(tinyConfigs.llama);
  t.strictSame(
    names(plain).filter((name) => name.endsWith('.bias')),
    [],
  );
  t.equal(plain.head.tied, false);
  t.equal(plain.blocks[0]?.attention.scale, 0.25);
  t.equal(plain.blocks[0]?.attention.window, undefined);
  const biased = decode({ ...tinyConfigs.llama, attention_bias: true, mlp_bias: true });
  t.equal(names(biased).filter((name) => name.endsWith('.bias')).length, 14);
  // Llama 1 has neither of these keys.
  const { head_dim: _, num_key_value_heads: __, ...old } = tinyConfigs.llama;
  t.match(decode(old).blocks[0]?.attention, { heads: 4, kvHeads: 4, headDim: 16 });
  t.throws(() => decode({ ...old, num_attention_heads: 5 }), {
    message: /"num_attention_heads" .* divisor of hidden_size/,
  });
  t.throws(() => decode({ ...tinyConfigs.llama, num_key_value_heads: 3 }), {
    message: /"num_key_value_heads" .* divisor/,
  });
  t.throws(() => decode({ ...tinyConfigs.llama, hidden_act: 'mish' }), {
    message: /"hidden_act" .* one of silu, .*"mish"/,
  });
  t.throws(() => decode({ ...tinyConfigs.llama, num_hidden_layers: 1e9 }), { code: 'CONFIG_VALUE' });
  t.throws(() => decode({ ...tinyConfigs.llama, rope_interleaved: true }), { code: 'CONFIG_KEY' });
});

t.test('tensor names follow the file: with or without a prefix, embedding or head', async (t) => {
  t.equal(names(decode(tinyConfigs.llama, ['layers.0.input_layernorm.weight']))[0], 'embed_tokens.weight');
  const tied = { ...tinyConfigs.llama, tie_word_embeddings: true };
  const headOnly = decode(tied, ['lm_head.weight']);
  t.equal(headOnly.embedding.token.tensor, 'lm_head.weight');
  t.match(headOnly.head, { tied: true, weight: { tensor: 'lm_head.weight' } });
  const both = decode(tied, ['lm_head.weight', 'model.embed_tokens.weight']);
  t.equal(both.head.weight.tensor, 'model.embed_tokens.weight');
  t.match(decode(tinyConfigs.gpt2, ['h.0.ln_1.weight']).embedding.token.tensor, 'wte.weight');
  t.match(
    decode(tinyConfigs.opt, ['decoder.layers.0.fc1.weight']).embedding.token.tensor,
    'decoder.embed_tokens.weight',
  );
});

t.test('mistral: a window for all blocks, 4096 by default, none for null', async (t) => {
  const { sliding_window: _, ...rest } = tinyConfigs.mistral;
  const windows = (config: Record<string, unknown>) => decode(config).blocks.map(({ attention }) => attention.window);
  t.strictSame(windows(tinyConfigs.mistral), [24, 24]);
  t.strictSame(windows(rest), [4096, 4096]);
  t.strictSame(windows({ ...rest, sliding_window: null }), [undefined, undefined]);
  t.throws(() => windows({ ...rest, sliding_window: 0 }), { code: 'CONFIG_VALUE' });
  const { num_key_value_heads: __, ...grouped } = rest;
  t.match(decode({ ...grouped, num_attention_heads: 16, head_dim: 4 }).blocks[0]?.attention, { kvHeads: 8 });
});

t.test('qwen: the window counts only where it is used', async (t) => {
  const windows = (more: Record<string, unknown>) =>
    decode({ ...tinyConfigs.qwen2, ...more }).blocks.map(({ attention }) => attention.window);
  const used = { use_sliding_window: true, sliding_window: 24 };
  t.strictSame(windows({ sliding_window: 24, max_window_layers: 0 }), [undefined, undefined]);
  t.strictSame(windows({ ...used, max_window_layers: 1 }), [undefined, 24]);
  t.strictSame(windows(used), [undefined, undefined], 'from block 28 on by default');
  t.strictSame(windows({ use_sliding_window: true, max_window_layers: 0 }), [4096, 4096]);
  t.strictSame(windows({ ...used, sliding_window: null, max_window_layers: 0 }), [undefined, undefined]);
  const types = ['sliding_attention', 'full_attention'];
  t.strictSame(windows({ ...used, max_window_layers: 9, layer_types: types }), [24, undefined]);
  t.throws(() => windows({ layer_types: types }), { code: 'CONFIG_VALUE', message: /no sliding window is in use/ });
  t.throws(() => windows({ layer_types: ['full_attention'] }), { message: /a list of 2 names/ });
  t.throws(() => windows({ layer_types: ['full_attention', 'chunked'] }), { message: /made of/ });
});

t.test('qwen: biases and head norms', async (t) => {
  const two = names(decode(tinyConfigs.qwen2)).filter(
    (name) => name.startsWith('model.layers.0.') && name.endsWith('.bias'),
  );
  t.strictSame(
    two,
    ['q', 'k', 'v'].map((role) => `model.layers.0.self_attn.${role}_proj.bias`),
  );
  const { attention } = decode(tinyConfigs.qwen3).blocks[0] ?? {};
  t.match(attention, { headDim: 32, queryNorm: { kind: 'rms', weight: { shape: [32] } }, scale: 32 ** -0.5 });
  const { head_dim: _, ...rest } = tinyConfigs.qwen3;
  t.equal(decode(rest).blocks[0]?.attention.headDim, 128);
  t.equal(decode({ ...tinyConfigs.qwen3, attention_bias: true }).blocks[0]?.attention.output.bias?.shape[0], 64);
});

t.test('opt: both norm placements, projections, offsets', async (t) => {
  const pre = decode(tinyConfigs.opt);
  t.match(pre.embedding.position, { offset: 2, table: { shape: [258, 64] } });
  t.match(pre.finalNorm, { kind: 'layer', epsilon: 1e-5, name: 'model.decoder.final_layer_norm' });
  t.equal(pre.head.tied, true);
  t.equal(pre.outputProjection, undefined);
  const late = decode(tinyConfigs['opt-350m']);
  t.equal(late.blocks[0]?.normPlacement, 'post');
  t.equal(late.finalNorm, undefined);
  t.match(late.embedding.projection, { rows: 64, cols: 32, bias: undefined });
  t.match(late.outputProjection, { rows: 32, cols: 64 });
  t.strictSame(late.head.weight.shape, [320, 32]);
  t.equal(decode({ ...tinyConfigs.opt, _remove_final_layer_norm: true }).finalNorm, undefined);
  t.equal(
    names(decode({ ...tinyConfigs.opt, enable_bias: false })).filter((name) => /(proj|fc\d)\.bias$/.test(name)).length,
    0,
  );
  t.equal(decode({ ...tinyConfigs.opt, activation_function: 'gelu' }).blocks[0]?.mlp.activation, 'gelu');
  t.throws(() => decode({ ...tinyConfigs.opt, layer_norm_elementwise_affine: false }), { code: 'CONFIG_VALUE' });
  t.throws(() => decode({ ...tinyConfigs.opt, num_attention_heads: 7 }), { code: 'CONFIG_VALUE' });
  t.equal(decode({ ...tinyConfigs.opt, tie_word_embeddings: false }).head.weight.tensor, 'lm_head.weight');
});

t.test('gpt2: fused and transposed, scales', async (t) => {
  const block = decode(tinyConfigs.gpt2).blocks[1];
  t.match(block?.attention.inputs, [
    { role: 'qkv', parts: ['query', 'key', 'value'], rows: 192, weight: { transposed: true, shape: [64, 192] } },
  ]);
  t.equal(block?.mlp.activation, 'geluTanh');
  const scale = (more: Record<string, unknown>) => decode({ ...tinyConfigs.gpt2, ...more }).blocks[1]?.attention.scale;
  t.equal(scale({}), 0.25);
  t.equal(scale({ scale_attn_weights: false }), 1);
  t.equal(scale({ scale_attn_by_inverse_layer_idx: true }), 0.125);
  t.equal(decode({ ...tinyConfigs.gpt2, n_inner: 100 }).blocks[0]?.mlp.down.cols, 100);
  t.throws(() => decode({ ...tinyConfigs.gpt2, add_cross_attention: true }), { code: 'CONFIG_KEY' });
  t.throws(() => decode({ ...tinyConfigs.gpt2, n_head: 7 }), { code: 'CONFIG_VALUE' });
});
