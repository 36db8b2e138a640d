import type { Kernels } from '@lowbit/kernels';
import type { Artifact } from '../artifact/artifact.js';
import { LowbitError } from '../errors.js';
import type { Decoder, Linear } from '../model/decoder.js';
import type { LayerGrid, LayerPlan } from './layer-grid.js';

/** What an artifact holds, its numbers aside: known before a recipe is run. */
export interface ExportPlan {
  decoder: Decoder;
  /** Encoded linears, in the order of the blocks. */
  layers: readonly LayerPlan[];
  /** Linears of the blocks that stay float. */
  floats: readonly Linear[];
  /** By site. */
  operators: Readonly<Record<string, readonly Readonly<{ kind: unknown }>[]>>;
}

/** An artifact with the grids of its layers, read once for checking and writing. */
export interface ExportSource extends ExportPlan {
  artifact: Artifact;
  kernels: Kernels;
  layers: readonly LayerGrid[];
}

/** A row of the table of targets. Codes, scales and zero points are passed through, never found again. */
export interface ExportFormat {
  name: string;
  description: string;
  /** What a step's options must be, as far as that is known before it is run. */
  limits: {
    halfScales: boolean;
    /** Loaders decode to float32; absent: to the dtype in config.json. */
    decodesTo?: 'float32';
  };
  /** Throws EXPORT_REFUSED for what the format cannot say whatever the numbers are: of a recipe before it is run. */
  checkPlan(plan: ExportPlan): void;
  /** Throws EXPORT_REFUSED, before anything is written, for what else it cannot say. */
  check(source: ExportSource): Promise<void>;
  /** Writes into an empty folder. The result: what a user must know about the files, a sentence each. */
  write(source: ExportSource, folder: string): Promise<string[]>;
}

/** `what`: the layer or option and what it is; `remedy`: what to do. */
export function refuse(format: string, what: string, remedy: string): never {
  throw new LowbitError('EXPORT_REFUSED', `${format} cannot hold this artifact: ${what}; ${remedy}.`);
}
