import { blockLinears } from '../../model/decoder.js';
import type { Block, Decoder, Linear, LinearRole, Norm } from '../../model/decoder.js';
import { isJsonObject } from '../../model/json.js';
import type { JsonObject } from '../../model/json.js';
import { refuse } from '../format.js';
import type { GgufValue } from './container.js';

/** How llama.cpp computes a family. */
interface Architecture {
  name: string;
  /** Query and key rows are stored in pairs that rotate together, not half-split. */
  pairedRope: boolean;
  biases: readonly LinearRole[];
}

const architectures: Readonly<Record<string, Architecture>> = {
  llama: { name: 'llama', pairedRope: true, biases: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] },
  mistral: { name: 'llama', pairedRope: true, biases: [] },
  qwen2: { name: 'qwen2', pairedRope: false, biases: ['q', 'k', 'v'] },
  qwen3: { name: 'qwen3', pairedRope: false, biases: [] },
};

const roleNames: Readonly<Partial<Record<LinearRole, string>>> = {
  q: 'attn_q',
  k: 'attn_k',
  v: 'attn_v',
  o: 'attn_output',
  gate: 'ffn_gate',
  up: 'ffn_up',
  down: 'ffn_down',
};

const remedy = 'export to compressed-tensors or onnx';

/** Throws EXPORT_REFUSED for a decoder that llama.cpp's architecture of its family does not compute. */
export function findArchitecture(decoder: Decoder): Architecture {
  const { family, blocks, contextLength, embedding, outputProjection, head, finalNorm } = decoder;
  const architecture = architectures[family];
  if (architecture === undefined)
    return refuse(
      'gguf',
      `the ${family} family has no names here (${Object.keys(architectures).join(', ')} have)`,
      remedy,
    );
  const not = (what: string): never => refuse('gguf', `${what} in its ${architecture.name} architecture`, remedy);
  if (embedding.position || embedding.projection || embedding.norm || embedding.scale !== undefined || outputProjection)
    not('embedding or head have parts that llama.cpp does not have');
  if (head.bias || head.softCap !== undefined) not('the head has a bias or soft cap, which llama.cpp does not have');
  for (const { attention, attentionNorm, mlpNorm, mlp, normPlacement } of blocks) {
    const { window, rope, scale, headDim, softCap } = attention;
    if (window !== undefined && window < contextLength) not('a sliding window is not expressed');
    if (rope?.dim !== headDim || rope.magnitude !== 1)
      not('this rotary embedding (magnitude, part of a head) is not expressed');
    if (scale !== headDim ** -0.5 || softCap !== undefined) not('attention is scaled otherwise');
    if (normPlacement !== 'pre' || mlp.activation !== 'silu') not('norm placement or activation differ');
    for (const norm of [attentionNorm, mlpNorm, attention.queryNorm, attention.keyNorm, finalNorm])
      if (norm && (norm.kind !== 'rms' || norm.bias || norm.unitOffset)) not(`${norm.name} is no plain RMSNorm as`);
  }
  for (const { name, role, bias } of blocks.flatMap(blockLinears))
    if (bias && !architecture.biases.includes(role)) not(`the bias of ${name} has no place`);
  return architecture;
}

/** Tensor in the artifact to tensor in the file, with the order of its rows where that changes. */
export function nameTensors(decoder: Decoder): Map<string, { name: string; rowOrder: Int32Array | undefined }> {
  const { pairedRope } = findArchitecture(decoder);
  const names = new Map<string, { name: string; rowOrder: Int32Array | undefined }>();
  const add = (tensor: string | undefined, name: string, rowOrder?: Int32Array): void => {
    if (tensor !== undefined) names.set(tensor, { name, rowOrder });
  };
  const addNorm = (norm: Norm | undefined, name: string): void => add(norm?.weight.tensor, `${name}.weight`);
  const addLinear = (linear: Linear, block: Block): void => {
    const name = `blk.${block.index}.${roleNames[linear.role]}`;
    const turns = pairedRope && (linear.role === 'q' || linear.role === 'k');
    const order = turns ? pairRows(linear.rows, block.attention.headDim) : undefined;
    add(linear.weight.tensor, `${name}.weight`, order);
    add(linear.bias?.tensor, `${name}.bias`, order);
  };
  add(decoder.head.weight.tensor, 'output.weight');
  // A tied one has the embedding's name.
  add(decoder.embedding.token.tensor, 'token_embd.weight');
  for (const block of decoder.blocks) {
    addNorm(block.attentionNorm, `blk.${block.index}.attn_norm`);
    addNorm(block.attention.queryNorm, `blk.${block.index}.attn_q_norm`);
    addNorm(block.attention.keyNorm, `blk.${block.index}.attn_k_norm`);
    addNorm(block.mlpNorm, `blk.${block.index}.ffn_norm`);
    for (const linear of blockLinears(block)) addLinear(linear, block);
  }
  addNorm(decoder.finalNorm, 'output_norm');
  return names;
}

/** Row i and i + headDim / 2 of each head become neighbours. */
function pairRows(rows: number, headDim: number): Int32Array {
  const half = headDim / 2;
  return Int32Array.from({ length: rows }, (_, i) => {
    const place = i % headDim;
    return i - place + (place % 2) * half + Math.floor(place / 2);
  });
}

/** The keys that llama.cpp reads of this architecture. */
export function describeDecoder(decoder: Decoder, config: JsonObject): Record<string, GgufValue> {
  const { name } = findArchitecture(decoder);
  const [block] = decoder.blocks as [Block];
  const { heads, kvHeads, headDim } = block.attention;
  const uint = (value: number): GgufValue => ({ type: 'uint32', value });
  const float = (value: number): GgufValue => ({ type: 'float32', value });
  return {
    'general.architecture': { type: 'string', value: name },
    'general.type': { type: 'string', value: 'model' },
    [`${name}.block_count`]: uint(decoder.blocks.length),
    [`${name}.context_length`]: uint(decoder.contextLength),
    [`${name}.embedding_length`]: uint(decoder.hiddenSize),
    [`${name}.feed_forward_length`]: uint(block.mlp.down.cols),
    [`${name}.attention.head_count`]: uint(heads),
    [`${name}.attention.head_count_kv`]: uint(kvHeads),
    [`${name}.attention.key_length`]: uint(headDim),
    [`${name}.attention.value_length`]: uint(headDim),
    [`${name}.attention.layer_norm_rms_epsilon`]: float(block.attentionNorm.epsilon),
    [`${name}.rope.freq_base`]: float(ropeTheta(config)),
    [`${name}.rope.dimension_count`]: uint(headDim),
    [`${name}.vocab_size`]: uint(decoder.vocabSize),
  };
}

/** What divides the plain frequencies (llama.cpp's `rope_freqs`); undefined where they are plain. */
export function ropeFactors(decoder: Decoder, config: JsonObject): Float32Array | undefined {
  const { frequencies = [], dim = 1 } = decoder.blocks[0]?.attention.rope ?? {};
  const theta = ropeTheta(config);
  const factors = Float32Array.from(frequencies, (frequency, i) => theta ** ((-2 * i) / dim) / frequency);
  // Frequencies are rounded to float32 once or twice.
  if (factors.every((factor) => Math.abs(factor - 1) < 1e-6)) return undefined;
  if (findArchitecture(decoder).name !== 'llama')
    refuse('gguf', 'scaled rotary frequencies have no place in its architecture of this family', remedy);
  return factors;
}

function ropeTheta({ rope_theta: theta, rope_parameters: parameters }: JsonObject): number {
  const own = isJsonObject(parameters) ? parameters['rope_theta'] : undefined;
  return Number(own ?? theta ?? 10000);
}
