import { existsSync } from 'node:fs';
import { availableInstructionSets, loadKernels, type Kernels } from '@lowbit/kernels';

/** The native kernels once for each instruction set of this processor; none where they were not built, which is no failure. */
export async function loadNatives(): Promise<Kernels[]> {
  if (!existsSync(new URL('native/lowbit-kernels.node', import.meta.resolve('@lowbit/kernels')))) return [];
  const sets = availableInstructionSets();
  return Promise.all(sets.map((instructionSet) => loadKernels({ implementation: 'native', instructionSet })));
}

export async function loadReference(): Promise<Kernels> {
  return loadKernels({ implementation: 'reference' });
}

/** Every implementation that runs here. */
export async function loadAll(): Promise<Kernels[]> {
  return [await loadReference(), ...(await loadNatives())];
}

export function nameOf({ implementation, instructionSet }: Kernels): string {
  return `${implementation} ${instructionSet}`;
}
