import { readFile } from 'node:fs/promises';
import { LowbitError, reasonOf } from '../errors.js';
import type { Tokenizer } from '../model/tokenizer.js';
import { hashTokenIds, parseTokenIds } from '../scoring/token-ids.js';
import type { CalibrationRecord } from '../store/types.js';
import type { DataFolder } from '../task.js';
import { splitLines } from '../task-data.js';
import { drawFromDocuments, drawOffsets, takeFirst, type WindowRequest } from './draw-windows.js';
import { checkCalibration, type CalibrationSource } from './source.js';
import { joinWikitext } from './wikitext.js';

export interface SamplerContext {
  /** Needed by every source but `token-ids`. */
  tokenizer?: Tokenizer | undefined;
  data: DataFolder;
  /** Bounds the ids of `token-ids`, where there is no tokenizer to ask. */
  vocabSize?: number | undefined;
  /** The model's; a longer sequence is refused. */
  contextLength?: number | undefined;
}

export interface CalibrationSample {
  sequences: Int32Array[];
  record: CalibrationRecord;
}

/** Sequences and the name under which the record keeps where they came from. */
interface Drawn {
  sequences: Int32Array[];
  source: string;
}

/** Line that ends a document in a text file (TinyStories); never text itself. */
const documentEnd = '<|endoftext|>';
const paperSequenceLength = 2048;

/**
 * The token sequences that a recipe is calibrated on, with the hash of their exact ids.
 * Errors: CALIBRATION_SOURCE (a file that cannot be read, no tokenizer), CALIBRATION_SHORT, TOKEN_IDS.
 */
export async function sampleCalibration(
  source: CalibrationSource,
  context: SamplerContext,
): Promise<CalibrationSample> {
  checkCalibration(source);
  const drawn = await draw(source, context);
  const sequenceLength = drawn.sequences.reduce((longest, { length }) => Math.max(longest, length), 0);
  requireFit(sequenceLength, context.contextLength);
  return {
    sequences: drawn.sequences,
    record: {
      source: drawn.source,
      samples: drawn.sequences.length,
      sequenceLength,
      tokens: drawn.sequences.reduce((sum, { length }) => sum + length, 0),
      seed: source.seed,
      tokenSha256: hashTokenIds(drawn.sequences),
    },
  };
}

async function draw(source: CalibrationSource, context: SamplerContext): Promise<Drawn> {
  if (source.kind === 'token-ids') return readTokenIds(source, context);
  const tokenizer = requireTokenizer(source, context);
  const sequenceLength = source.sequenceLength ?? Math.min(paperSequenceLength, context.contextLength ?? Infinity);
  requireFit(sequenceLength, context.contextLength);
  const request: WindowRequest = { samples: source.samples, sequenceLength, seed: source.seed };
  switch (source.kind) {
    case 'wikitext2':
      return drawWikitext(request, tokenizer, context.data);
    case 'c4': {
      const path = 'calib/c4.utf8';
      const docs = splitLines(await context.data.readText(path));
      return { sequences: drawDocuments(encodeAll(docs, tokenizer), request), source: `c4 (${path})` };
    }
    case 'text': {
      const file = requireFile(source);
      const docs = splitDocuments(await readUserFile(file));
      const ids = concatenate(encodeAll(docs, tokenizer));
      return { sequences: drawStream(ids, request), source: `text (${file})` };
    }
  }
}

/** The train split as the papers; the validation split where train is not at hand, which the record says. */
async function drawWikitext(request: WindowRequest, tokenizer: Tokenizer, data: DataFolder): Promise<Drawn> {
  const train = 'wikitext2/wiki.train.raw';
  const path = (await data.has(train)) ? train : 'wikitext2/wiki.valid.raw';
  const ids = tokenizer.encode(joinWikitext(await data.readText(path)), { special: true });
  return { sequences: drawStream(ids, request), source: `wikitext2 (${path})` };
}

async function readTokenIds(source: CalibrationSource, { tokenizer, vocabSize }: SamplerContext): Promise<Drawn> {
  const file = requireFile(source);
  const all = parseTokenIds(await readUserFile(file), file, vocabSize ?? tokenizer?.vocabSize);
  if (source.samples !== undefined && source.samples > all.length)
    throw new LowbitError(
      'CALIBRATION_SHORT',
      `Calibration needs ${source.samples} sequences, but ${file} has ${all.length}; ask for fewer samples.`,
    );
  return { sequences: all.slice(0, source.samples), source: `token-ids (${file})` };
}

function drawStream(ids: Int32Array, request: WindowRequest): Int32Array[] {
  return request.seed === undefined ? takeFirst(ids, request) : drawOffsets(ids, request.seed, request);
}

function drawDocuments(docs: Int32Array[], request: WindowRequest): Int32Array[] {
  return request.seed === undefined
    ? takeFirst(concatenate(docs), request)
    : drawFromDocuments(docs, request.seed, request);
}

/** A file without end marks is one document, whitespace and all. */
function splitDocuments(text: string): string[] {
  if (!text.includes(documentEnd)) return [text];
  return text
    .split(documentEnd)
    .map((doc) => doc.trim())
    .filter((doc) => doc !== '');
}

/** Each document in a call of its own, so that each begins with BOS where the tokenizer adds one. */
function encodeAll(docs: readonly string[], tokenizer: Tokenizer): Int32Array[] {
  return docs.map((doc) => tokenizer.encode(doc, { special: true }));
}

function concatenate(parts: readonly Int32Array[]): Int32Array {
  const whole = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

async function readUserFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new LowbitError(
      'CALIBRATION_SOURCE',
      `The calibration file ${file} could not be read (${reasonOf(cause)}); correct the path.`,
      {
        cause,
      },
    );
  }
}

function requireFile({ kind, file }: CalibrationSource): string {
  if (file !== undefined) return file;
  throw new LowbitError(
    'CALIBRATION_SOURCE',
    `Calibration from ${kind} needs a file, but none is named; give its path.`,
  );
}

function requireTokenizer({ kind }: CalibrationSource, { tokenizer }: SamplerContext): Tokenizer {
  if (tokenizer) return tokenizer;
  throw new LowbitError(
    'CALIBRATION_SOURCE',
    `Calibration from ${kind} needs the checkpoint's tokenizer, but it has none; use token-ids:FILE.`,
  );
}

function requireFit(sequenceLength: number, contextLength: number | undefined): void {
  if (contextLength === undefined || sequenceLength <= contextLength) return;
  throw new LowbitError(
    'CALIBRATION_SOURCE',
    `Calibration sequences should fit the model's context of ${contextLength} tokens, but they have ${sequenceLength}; give a shorter sequenceLength.`,
  );
}
