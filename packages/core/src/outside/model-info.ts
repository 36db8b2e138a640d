import type { Kernels } from '@lowbit/kernels';
import type { Tokenizer } from '../model/tokenizer.js';
import type { TokenScorer } from '../scoring/token-scorer.js';
import type { ModelSource } from '../store/types.js';
import type { SubjectInfo } from '../subject.js';

/** What is known of a model from elsewhere before anything is computed. What nobody says of it is NaN. */
export interface OutsideInfo extends Omit<SubjectInfo, 'decoder' | 'recipe'> {
  decoder: undefined;
  /** It comes as it is: the row's name and its nominal bits. */
  recipe: NonNullable<SubjectInfo['recipe']>;
  vocabSize: number;
  contextLength: number;
  source: ModelSource;
  /** That scoring it takes here. */
  memoryBytes: number;
}

/** Ready to be scored. */
export interface OutsideModel extends OutsideInfo {
  scorer: TokenScorer;
  tokenizer(): Promise<Tokenizer>;
  release(): Promise<void>;
}

export interface OutsideOptions {
  kernels: Pick<Kernels, 'sha256File'>;
  threads: number;
}

export type ModelInfo = SubjectInfo | OutsideInfo;
