import type { ConfigReader, NeutralKeys } from '../config-reader.js';
import type { Decoder } from '../decoder.js';

/** What a checkpoint holds, as far as a family needs to know: some store tensors under a prefix, some not. */
export type TensorNames = Pick<ReadonlySet<string>, 'has'>;

/** A model family: one row that maps a config and tensor names to a Decoder. */
export interface Family {
  name: string;
  /** `model_type` in config.json. */
  modelTypes: readonly string[];
  /** `architectures` in config.json, where it is given: causal language models and their bodies. */
  architectures: readonly string[];
  /** Keys of this family that do not change what it computes, besides those of every family. */
  neutralKeys?: NeutralKeys;
  /** Stored tensors that its forward pass does not use: masks and other constants of old versions. */
  unusedTensors?: readonly RegExp[];
  decoder(config: ConfigReader, tensors: TensorNames): Decoder;
}
