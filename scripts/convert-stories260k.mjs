// usage: node scripts/convert-stories260k.mjs stories260K.bin tok512.bin OUTPUT_FOLDER
//
// Converts a llama2.c checkpoint (version 0 export) and its tokenizer to Hugging Face layout: config.json,
// model.safetensors (F32), tokenizer.json and tokenizer_config.json. It made models/stories260k and is kept so that anyone
// can make it again, byte for byte. Plain Node without packages.
//
// Checkpoint, little endian: seven int32 (dim, hidden dim, layers, heads, KV heads, vocabulary, positions), then float32
// arrays: embedding [vocab, dim], and for all layers one after the other attention norm [dim], wq [dim, dim],
// wk [kvDim, dim], wv [kvDim, dim], wo [dim, dim], FFN norm [dim], w1 gate [hidden, dim], w2 down [dim, hidden],
// w3 up [hidden, dim]; at last the final norm [dim] and RoPE tables, which nothing uses.
// Tokenizer: int32 longest token, then per token float32 score, int32 length, bytes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const [checkpointFile, tokenizerFile, output] = process.argv.slice(2);
if (!output) {
  console.error('usage: node scripts/convert-stories260k.mjs stories260K.bin tok512.bin OUTPUT_FOLDER');
  process.exit(2);
}

const bytes = readFileSync(checkpointFile);
const [dim, hiddenDim, layers, heads, kvHeads, vocabSize, positions] = new Int32Array(
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 28),
);
if (vocabSize <= 0)
  throw new Error('Expected a shared output matrix (positive vocabulary size), found a separate one.');
const headDim = dim / heads;
const kvDim = kvHeads * headDim;

const tensors = readTensors();
mkdirSync(output, { recursive: true });
writeFileSync(path.join(output, 'model.safetensors'), encodeSafetensors(tensors));
writeJson('config.json', {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: dim,
  intermediate_size: hiddenDim,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: kvHeads,
  head_dim: headDim,
  vocab_size: vocabSize,
  max_position_embeddings: positions,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2,
  torch_dtype: 'float32',
});
writeTokenizer(readVocabulary(readFileSync(tokenizerFile)));

function readTensors() {
  let offset = 28;
  const take = (rows, cols = 1) => {
    const data = new Float32Array(
      bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + rows * cols * 4),
    );
    offset += rows * cols * 4;
    return { shape: cols === 1 ? [rows] : [rows, cols], data };
  };
  const takeLayers = (...shape) => Array.from({ length: layers }, () => take(...shape));

  const embedding = take(vocabSize, dim);
  const inFileOrder = [
    ['input_layernorm', takeLayers(dim)],
    ['self_attn.q_proj', takeLayers(dim, dim).map((tensor) => splitRotaryPairs(tensor, heads))],
    ['self_attn.k_proj', takeLayers(kvDim, dim).map((tensor) => splitRotaryPairs(tensor, kvHeads))],
    ['self_attn.v_proj', takeLayers(kvDim, dim)],
    ['self_attn.o_proj', takeLayers(dim, dim)],
    ['post_attention_layernorm', takeLayers(dim)],
    ['mlp.gate_proj', takeLayers(hiddenDim, dim)],
    ['mlp.down_proj', takeLayers(dim, hiddenDim)],
    ['mlp.up_proj', takeLayers(hiddenDim, dim)],
  ];
  const norm = take(dim);
  const unusedTables = positions * headDim * 4;
  if (offset + unusedTables !== bytes.length) {
    throw new Error(`Expected ${offset + unusedTables} bytes for this header, ${checkpointFile} has ${bytes.length}.`);
  }
  return [
    ['model.embed_tokens.weight', embedding],
    ...inFileOrder.flatMap(([name, list]) =>
      list.map((tensor, layer) => [`model.layers.${layer}.${name}.weight`, tensor]),
    ),
    ['model.norm.weight', norm],
  ];
}

// llama2.c rotates the rows (2i, 2i + 1) of a head together, Hugging Face the rows (i, i + headDim / 2): even rows move to
// the first half of their head, odd rows to the second.
function splitRotaryPairs({ shape, data }, headCount) {
  const [rows, cols] = shape;
  const size = rows / headCount;
  const moved = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const within = row % size;
    const target = row - within + (within % 2) * (size / 2) + Math.floor(within / 2);
    moved.set(data.subarray(row * cols, (row + 1) * cols), target * cols);
  }
  return { shape, data: moved };
}

// Eight bytes of header length, the JSON header padded with spaces so that the data begins at a multiple of eight, the data.
function encodeSafetensors(named) {
  const header = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const [name, { shape, data }] of named) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, (end += data.byteLength)] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const text = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const body = named.map(([, { data }]) => Buffer.from(data.buffer));
  return Buffer.concat([length, text, ...body]);
}

function readVocabulary(file) {
  const vocabulary = [];
  for (let offset = 4; offset < file.length;) {
    const score = file.readFloatLE(offset);
    const end = offset + 8 + file.readInt32LE(offset + 4);
    vocabulary.push({ text: file.toString('utf8', offset + 8, end), score });
    offset = end;
  }
  if (vocabulary.length !== vocabSize) {
    throw new Error(`Expected ${vocabSize} tokens for this checkpoint, ${tokenizerFile} has ${vocabulary.length}.`);
  }
  return vocabulary;
}

// llama2.c joins, again and again, the adjacent pair whose JOINED text has the highest score, the leftmost of equals. A BPE
// ranks PAIRS, so each token gives one merge per way of cutting it into two tokens, best score first. Both agree unless two
// different cuts of one token can overlap (u v = v w), which is checked and does not occur.
function listMerges(vocabulary) {
  const scores = new Map(vocabulary.slice(3).map(({ text, score }) => [text, score]));
  return [...scores]
    .sort(([, a], [, b]) => b - a)
    .flatMap(([text]) => {
      const characters = [...text];
      const cuts = characters
        .slice(1)
        .map((_, i) => [characters.slice(0, i + 1).join(''), characters.slice(i + 1).join('')]);
      const known = cuts.filter(([left, right]) => scores.has(left) && scores.has(right));
      if (known.some((one) => known.some((other) => one !== other && one[1] === other[0]))) {
        throw new Error(`Two cuts of "${text}" overlap, and which merges first would depend on the place.`);
      }
      return known;
    });
}

function writeTokenizer(vocabulary) {
  const special = ['<unk>', '<s>', '</s>'];
  const texts = [...special, ...vocabulary.slice(special.length).map(({ text }) => text)];
  writeJson('tokenizer.json', {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'Prepend', prepend: ' ' },
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [
        { SpecialToken: { id: '<s>', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '<s>', type_id: 1 } },
        { Sequence: { id: 'B', type_id: 1 } },
      ],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [{ type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip', content: ' ', start: 1, stop: 0 }],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(texts.map((text, id) => [text, id])),
      merges: listMerges(vocabulary),
    },
  });
  writeJson('tokenizer_config.json', {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: '<s>',
    eos_token: '</s>',
    unk_token: '<unk>',
    add_bos_token: true,
    add_eos_token: false,
    clean_up_tokenization_spaces: false,
    model_max_length: positions,
  });
}

function writeJson(name, value) {
  writeFileSync(path.join(output, name), JSON.stringify(value, null, 1) + '\n');
}
