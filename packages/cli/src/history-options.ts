import type { Aggregate } from '@lowbit/history/query';

/** Named here, so that the program's help does not load the engine. */
export const aggregates = ['latest', 'mean', 'min', 'max', 'count'] as const satisfies readonly Aggregate[];

export const historyFormats = ['table', 'csv', 'md', 'json', 'parquet'] as const;

export interface HistoryOptions {
  index?: string;
  run: string[];
  model: string[];
  recipe: string[];
  task: string[];
  metric: string[];
  status: string[];
  since?: string;
  until?: string;
  where?: string;
  sql?: string;
  columns?: string[];
  sort?: string[];
  limit?: number;
  pivot?: string;
  aggregate: Aggregate;
  format: (typeof historyFormats)[number];
  output?: string;
}
