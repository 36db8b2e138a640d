import { LowbitError } from '../errors.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { Request, Windows } from '../task.js';
import { encodePrompt } from './generate.js';
import { createTextEncoder, joinPair, type TextEncoder, type TokenSequence } from './encode.js';
import { rollText } from './rolling.js';
import { cutRequest } from './windows.js';

export interface EncodedRequest {
  kind: Request['kind'];
  sequences: TokenSequence[];
  scoredTokens: number;
  /** Context tokens cut on the left, or tokens of a document beyond its window. */
  lost: number;
  /** Tokens per window and stride of a `windows` request, as the protocol's name says them. */
  window?: number | undefined;
  stride?: number | undefined;
}

export interface EncodeOptions {
  tokenizer: Tokenizer;
  contextLength: number;
  window?: number | undefined;
  maxWindows?: number | undefined;
}

/** Each request as the token sequences that score it. No model is needed, so that bad data is found before work starts. */
export function encodeRequests(requests: readonly Request[], options: EncodeOptions): EncodedRequest[] {
  // What is only measured needs no token to begin with.
  const isText = ({ kind }: Request): boolean => kind !== 'throughput';
  if (!requests.some(isText)) return requests.map(({ kind }) => ({ kind, sequences: [], scoredTokens: 0, lost: 0 }));
  const encoder = createTextEncoder(options.tokenizer);
  return requests.map((request) => encodeRequest(request, encoder, options));
}

function encodeRequest(request: Request, encoder: TextEncoder, options: EncodeOptions): EncodedRequest {
  const cut = toSequences(request, encoder, options);
  const scoredTokens = cut.sequences.reduce((sum, { ids, scoredFrom }) => sum + ids.length - scoredFrom, 0);
  return { kind: request.kind, scoredTokens, ...cut };
}

function toSequences(
  request: Request,
  encoder: TextEncoder,
  { tokenizer, contextLength, window, maxWindows }: EncodeOptions,
): Pick<EncodedRequest, 'sequences' | 'lost' | 'window' | 'stride'> {
  switch (request.kind) {
    case 'logLikelihood': {
      const pair = encoder.encodePair(request.context, request.continuation);
      const { sequence, lost } = joinPair(pair, contextLength);
      return { sequences: [sequence], lost };
    }
    case 'rolling': {
      const ids =
        request.special === false
          ? tokenizer.encode(request.text, { special: false })
          : encoder.encodeText(request.text);
      return {
        sequences: rollText(ids, encoder.prefixId, checkWindow(window ?? contextLength, contextLength)),
        lost: 0,
      };
    }
    case 'generate': {
      const { ids, lost } = encodePrompt(request, encoder, contextLength);
      return { sequences: [{ ids, scoredFrom: ids.length }], lost };
    }
    case 'throughput':
      return { sequences: [], lost: 0 };
    case 'windows':
      return cutRequest(request, windowOf(request, window, contextLength), tokenizer, maxWindows);
  }
}

/** Tokens per window of a request: the run's, else its own; of a document, else the context. */
export function windowOf(request: Windows, chosen: number | undefined, contextLength: number): number {
  return checkWindow(chosen ?? request.window ?? contextLength, contextLength);
}

/** The window if it is an integer of at least two tokens and fits the model; an EXPERIMENT_OPTION error otherwise. */
function checkWindow(window: number, contextLength: number): number {
  if (Number.isInteger(window) && window >= 2 && window <= contextLength) return window;
  throw new LowbitError(
    'EXPERIMENT_OPTION',
    `The window should be an integer from 2 to the model's context of ${contextLength} tokens, but it is ${window}; set --window.`,
  );
}
