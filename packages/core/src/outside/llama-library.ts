import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LowbitError } from '../errors.js';
import { isJsonObject } from '../model/json.js';

/** The part of node-llama-cpp's interface that is used here. It is no dependency: whoever scores GGUF files adds it. */
export interface LlamaLibrary {
  getLlama(options: {
    gpu: false;
    build: 'never';
    skipDownload: true;
    progressLogs: false;
    logLevel: 'error' | 'disabled';
    maxThreads: number;
  }): Promise<Llama>;
  readGgufFileInfo(
    path: string,
    options: { sourceType: 'filesystem'; logWarnings: false; spliceSplitFiles: false },
  ): Promise<GgufFile>;
  GgmlType: Record<number, string>;
  GgufFileType: Record<number, string>;
}

export interface GgufFile {
  metadata: Record<string, unknown>;
  fullTensorInfo?: {
    name: string;
    dimensions: readonly (number | bigint)[];
    ggmlType: number;
    fileOffset: number | bigint;
  }[];
}

interface Llama {
  loadModel(options: { modelPath: string; gpuLayers: 0; vocabOnly?: boolean }): Promise<LlamaModel>;
}

export interface LlamaModel {
  tokens: { bos: number | null; eos: number | null; shouldPrependBosToken: boolean; shouldAppendEosToken?: boolean };
  tokenize(text: string, specialTokens: boolean): number[];
  detokenize(ids: readonly number[], specialTokens: boolean): string;
  createContext(options: {
    contextSize: number;
    sequences: 1;
    threads: number;
    flashAttention: false;
    swaFullCache: true;
    experimentalKvCacheKeyType: 'F32';
    experimentalKvCacheValueType: 'F32';
  }): Promise<LlamaContext>;
  dispose(): Promise<void>;
}

export interface LlamaContext {
  contextSize: number;
  getSequence(): LlamaSequence;
  dispose(): Promise<void>;
}

export interface LlamaSequence {
  nextTokenIndex: number;
  eraseContextTokenRanges(ranges: { start: number; end: number }[]): Promise<void>;
  controlledEvaluate(
    input: (number | [token: number, options: { generateNext: { logits: true } }])[],
    options: { onTokenResult(index: number, result: { next: { logits?: Map<number, number> } }): void },
  ): Promise<unknown>;
}

const name = 'node-llama-cpp';
let loaded: Promise<{ library: LlamaLibrary; version: string }> | undefined;
let runtime: Promise<Llama> | undefined;

/** The library, from Lowbit's own packages, those of the current folder or the folder `LOWBIT_PACKAGES`; PACKAGE_MISSING. */
export function loadLlama(): Promise<{ library: LlamaLibrary; version: string }> {
  return (loaded ??= load());
}

/** Native code, loaded once a thread: prebuilt for this machine, never built or fetched. */
export async function startLlama(threads: number): Promise<Llama> {
  const { library } = await loadLlama();
  const common = { gpu: false, build: 'never', skipDownload: true, progressLogs: false, logLevel: 'error' } as const;
  return (runtime ??= library.getLlama({ ...common, maxThreads: threads }).catch((cause: unknown) => {
    throw new LowbitError(
      'PACKAGE_MISSING',
      `Expected ${name} to have a prebuilt llama.cpp for this machine, and it does not load (${String(cause)}); install it with its optional packages.`,
      { cause },
    );
  }));
}

async function load(): Promise<{ library: LlamaLibrary; version: string }> {
  const entry = findEntry();
  if (entry === undefined)
    throw new LowbitError(
      'PACKAGE_MISSING',
      `Expected the package ${name} for a GGUF model, found none; add it by npm install ${name}, or name the folder that has it in LOWBIT_PACKAGES.`,
    );
  const description: unknown = JSON.parse(await readFile(join(dirname(entry), '..', 'package.json'), 'utf8'));
  const version = isJsonObject(description) ? String(description.version) : 'unknown';
  return { library: (await import(pathToFileURL(entry).href)) as LlamaLibrary, version };
}

function findEntry(): string | undefined {
  const folders = [
    process.env['LOWBIT_PACKAGES'] ?? '',
    ...above(process.cwd()),
    ...above(fileURLToPath(import.meta.url)),
  ];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'node_modules', name, 'dist', 'index.js'))
    .find((file) => existsSync(file));
}

function above(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...above(parent)];
}
