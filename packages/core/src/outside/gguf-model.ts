import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { LowbitError, reasonOf } from '../errors.js';
import { fileFact } from '../model/file-facts.js';
import { isJsonObject } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import type { Tokenizer } from '../model/tokenizer.js';
import { GgufScorer } from './gguf-scorer.js';
import { loadLlama, startLlama } from './llama-library.js';
import type { GgufFile, LlamaLibrary, LlamaModel } from './llama-library.js';
import type { OutsideInfo, OutsideModel, OutsideOptions } from './model-info.js';

/** As of models that Lowbit computes: a longer cache is rarely meant. */
const longestContext = 8192;
/** Tokens that llama.cpp computes at a time, each with a row of logits. */
const batchTokens = 512;

/** A GGUF file, from its header; its identity is its sha256. GGUF_UNREADABLE, CHECKPOINT_MISSING, PACKAGE_MISSING. */
export async function inspectGguf(path: string, kernels: OutsideOptions['kernels']): Promise<OutsideInfo> {
  const file = await realpath(path).catch((cause: unknown) => {
    throw new LowbitError(
      'CHECKPOINT_MISSING',
      `Expected a GGUF file at ${path}, found none; name one that is there.`,
      {
        cause,
      },
    );
  });
  const { library, version } = await loadLlama();
  const header = await readHeader(library, file, path);
  const { size } = await stat(file);
  const { general, tokens, decoder } = readMetadata(header, path);
  const { parameters, bitsPerWeight, blockType } = measureTensors(library, header, size);
  const type = (library.GgufFileType[Number(general.file_type)] ?? blockType).replace(/^(MOSTLY|ALL)_/, '');
  const contextLength = Math.min(decoder.contextLength, longestContext);
  return {
    path,
    name: basename(path).replace(/\.gguf$/i, ''),
    family: String(general.architecture),
    digest: await fileFact(file, 'sha256', () => kernels.sha256File(file)),
    decoder: undefined,
    parameters,
    bitsPerWeight,
    recipe: { name: `GGUF ${type}`, steps: [{ method: 'gguf', version, options: { type } }], bits: nominalBits(type) },
    calibration: undefined,
    layers: [],
    vocabSize: tokens,
    contextLength,
    source: {
      engine: 'llama.cpp',
      identity: 'sha256',
      facts: { 'node-llama-cpp': version, type, keysAndValues: 'F32', flashAttention: false },
    },
    memoryBytes: size + decoder.cacheBytes * contextLength + batchTokens * tokens * 8,
  };
}

/** Opens it in this thread, on the CPU, with keys and values cached in float32. */
export async function openGguf(path: string, options: OutsideOptions): Promise<OutsideModel> {
  const info = await inspectGguf(path, options.kernels);
  const model = await loadModel(path, options.threads, false);
  const scorer = new GgufScorer(model, { ...info, threads: options.threads });
  const tokenizer = createGgufTokenizer(model, info.vocabSize, info.digest);
  return {
    ...info,
    scorer,
    tokenizer: () => Promise.resolve(tokenizer),
    async release() {
      await scorer.release();
      await model.dispose();
    },
  };
}

/** Only the vocabulary is loaded. */
export async function openGgufTokenizer({ path, vocabSize, digest }: OutsideInfo): Promise<Tokenizer> {
  return createGgufTokenizer(await loadModel(path, 1, true), vocabSize, digest);
}

/** The file's own tokenizer, by llama.cpp: names of special tokens in a text are these tokens, as in Hugging Face's. */
function createGgufTokenizer(model: LlamaModel, vocabSize: number, fileDigest: string): Tokenizer {
  const { bos, eos, shouldPrependBosToken, shouldAppendEosToken = false } = model.tokens;
  const before = shouldPrependBosToken && bos !== null ? [bos] : [];
  const after = shouldAppendEosToken && eos !== null ? [eos] : [];
  return {
    encode(text, { special }) {
      const ids = model.tokenize(text, true);
      return Int32Array.from(special ? [...before, ...ids, ...after] : ids);
    },
    decode: (ids) => model.detokenize([...ids], true),
    bosId: bos ?? undefined,
    eosId: eos ?? undefined,
    vocabSize,
    digest: createHash('sha256').update(`tokenizer of GGUF ${fileDigest}`).digest('hex'),
    addsBos: before.length > 0,
  };
}

async function loadModel(path: string, threads: number, vocabOnly: boolean): Promise<LlamaModel> {
  const llama = await startLlama(threads);
  return llama.loadModel({ modelPath: path, gpuLayers: 0, vocabOnly }).catch((cause: unknown) => {
    throw unreadable(path, reasonOf(cause), cause);
  });
}

async function readHeader(library: LlamaLibrary, file: string, path: string): Promise<GgufFile> {
  const options = { sourceType: 'filesystem', logWarnings: false, spliceSplitFiles: false } as const;
  return library.readGgufFileInfo(file, options).catch((cause: unknown) => {
    throw unreadable(path, reasonOf(cause), cause);
  });
}

function readMetadata(
  { metadata }: GgufFile,
  path: string,
): { general: JsonObject; tokens: number; decoder: { contextLength: number; cacheBytes: number } } {
  const part = (object: unknown, key: string): JsonObject => {
    const found = isJsonObject(object) ? object[key] : undefined;
    return isJsonObject(found) ? found : {};
  };
  const general = part(metadata, 'general');
  const own = part(metadata, String(general.architecture));
  const { tokens } = part(part(metadata, 'tokenizer'), 'ggml');
  const contextLength = Number(own.context_length);
  if (Number(part(metadata, 'split').count) > 1)
    throw unreadable(path, 'it is one of several parts, which llama-gguf-split --merge makes one file');
  if (!Array.isArray(tokens) || !(contextLength >= 2)) throw unreadable(path, 'its header has no tokens or no context');
  const { head_count: heads, head_count_kv: kvHeads = heads, key_length: width } = part(own, 'attention');
  const most = (value: unknown): number => Math.max(0, ...[value].flat().map(Number).filter(Number.isFinite));
  const headWidth = most(width) || most(own.embedding_length) / Math.max(1, most(heads));
  const cacheBytes = most(own.block_count) * 2 * most(kvHeads) * headWidth * 4;
  return { general, tokens: tokens.length, decoder: { contextLength, cacheBytes } };
}

/** Bits are those of the matrices of the blocks, as stored; `blockType` is what most of their weights have. */
function measureTensors(
  { GgmlType }: LlamaLibrary,
  { fullTensorInfo = [] }: GgufFile,
  size: number,
): { parameters: number; bitsPerWeight: number; blockType: string } {
  const tensors = fullTensorInfo
    .map(({ name, dimensions, ggmlType, fileOffset }) => ({
      ...{ name, ggmlType, rank: dimensions.length, offset: Number(fileOffset) },
      weights: dimensions.reduce<number>((product, each) => product * Number(each), 1),
    }))
    .sort((a, b) => a.offset - b.offset)
    .map((tensor, index, all) => ({ ...tensor, bytes: (all[index + 1]?.offset ?? size) - tensor.offset }));
  const linears = tensors.filter(({ name, rank }) => name.startsWith('blk.') && rank > 1);
  const weights = linears.reduce((sum, each) => sum + each.weights, 0);
  const byType = new Map<number, number>();
  for (const { ggmlType, weights: count } of linears) byType.set(ggmlType, (byType.get(ggmlType) ?? 0) + count);
  const [[most] = [-1]] = [...byType].sort((a, b) => b[1] - a[1]);
  return {
    parameters: tensors.reduce((sum, each) => sum + each.weights, 0),
    bitsPerWeight: (linears.reduce((sum, { bytes }) => sum + bytes, 0) * 8) / weights,
    blockType: GgmlType[most] ?? 'unknown',
  };
}

/** `Q4_K_M` and `IQ4_XS` are 4; halves and float32 have none. */
function nominalBits(type: string): number | undefined {
  const [, bits] = /^I?T?Q(\d)/.exec(type) ?? [];
  return bits === undefined ? undefined : Number(bits);
}

function unreadable(path: string, reason: string, cause?: unknown): LowbitError {
  return new LowbitError(
    'GGUF_UNREADABLE',
    `Expected ${path} to be a GGUF model that llama.cpp reads, and it is not (${reason.split('\n')[0]}); write it again or fetch it anew.`,
    { cause },
  );
}
