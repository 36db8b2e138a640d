import type { PaperTable } from './table.js';

/** Every table by its name. */
export const tables: readonly PaperTable[] = [];

export function findTable(name: string): PaperTable | undefined {
  return tables.find((table) => table.name === name);
}
