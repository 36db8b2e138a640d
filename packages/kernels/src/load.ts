import { availableParallelism } from 'node:os';
import { checkedKernels } from './checked.js';
import type { InstructionSet, Kernels } from './contract.js';
import { loadNativeModule, type NativeAddon } from './native-addon.js';
import { nativeKernels } from './native.js';
import { referenceKernels } from './reference/index.js';

export interface LoadOptions {
  /** Without it: native where the compiled kernels load, else the reference. */
  implementation?: 'native' | 'reference' | undefined;
  /** A lower instruction set than the best, for comparisons; native only. */
  instructionSet?: InstructionSet | undefined;
}

let threads = availableParallelism();
/** One for each instruction set asked for: every one holds threads. */
const addons = new Map<InstructionSet | undefined, NativeAddon>();

/**
 * The kernels of this JavaScript thread. `LOWBIT_KERNELS=reference` in the environment forces the reference.
 * Rejects when `native` was asked for and cannot be loaded.
 */
export async function loadKernels(options: LoadOptions = {}): Promise<Kernels> {
  const wanted = process.env['LOWBIT_KERNELS'] === 'reference' ? 'reference' : options.implementation;
  if (wanted === 'reference') return checkedKernels(referenceKernels);
  try {
    return checkedKernels(nativeKernels(loadAddon(options.instructionSet)));
  } catch (error) {
    if (wanted !== 'native' && options.instructionSet === undefined) return checkedKernels(referenceKernels);
    throw new Error(`the native kernels cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function loadAddon(instructionSet: InstructionSet | undefined): NativeAddon {
  const loaded = addons.get(instructionSet);
  if (loaded) return loaded;
  const addon = new (loadNativeModule().NativeKernels)(threads, instructionSet);
  addons.set(instructionSet, addon);
  return addon;
}

/**
 * How many threads the native kernels of this JavaScript thread use, those already loaded included; every core by
 * default. Each worker of a pool has kernels, and threads, of its own. The reference always runs on its caller's.
 */
export function setThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > 1024) {
    throw new RangeError(`threads must be a whole number from 1 to 1024, got ${count}`);
  }
  threads = count;
  for (const addon of addons.values()) addon.setThreads(count);
}

/** The instruction sets of this processor that the native kernels can use, the best last. Throws without them. */
export function availableInstructionSets(): InstructionSet[] {
  return loadNativeModule().availableInstructionSets();
}
