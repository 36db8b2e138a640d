import { refuse, type Config } from './read-config.js';

type Sampler = 'default' | 'first_n';
/** A column's name, a template, or for choices what YAML has. */
export type Field = string | number | unknown[] | Record<string, unknown>;

/** What a task file says, after lm-evaluation-harness's defaults. */
export interface TaskConfig {
  task: string;
  version: string;
  datasetPath: string;
  dataFiles: unknown;
  trainingSplit: string | undefined;
  validationSplit: string | undefined;
  testSplit: string | undefined;
  fewshotSplit: string | undefined;
  description: string;
  docToText: Field;
  docToTarget: Field;
  docToChoice: Field;
  targetDelimiter: string;
  metrics: ('acc' | 'accNorm')[];
  numFewshot: number;
  fewshot: {
    sampler: Sampler;
    samples: Record<string, unknown>[] | undefined;
    docToText: Field;
    docToTarget: Field;
    docToChoice: Field;
    targetDelimiter: string;
    delimiter: string;
  };
}

/** Keys that change no score. */
const ignored = ['task_alias', 'tag', 'group_alias', 'dataset_name', 'should_decontaminate', 'metadata'];
const read = [
  ...['task', 'output_type', 'dataset_path', 'dataset_kwargs', 'description', 'num_fewshot', 'metric_list', 'repeats'],
  ...['training_split', 'validation_split', 'test_split', 'fewshot_split', 'fewshot_config', 'unsafe_code'],
  ...['doc_to_text', 'doc_to_target', 'doc_to_choice', 'target_delimiter', 'fewshot_delimiter'],
];
const known = new Set([...ignored, ...read, 'doc_to_decontamination_query']);
const fewshotKeys = new Set([
  ...['sampler', 'split', 'samples', 'doc_to_text', 'doc_to_target', 'doc_to_choice'],
  ...['target_delimiter', 'fewshot_delimiter'],
]);
const metricNames: Readonly<Record<string, 'acc' | 'accNorm'>> = { acc: 'acc', acc_norm: 'accNorm' };

/** TASK_FILE for a key that is not known or has a value that is not. A null is as if the key were not there. */
export function checkConfig(given: Config, file: string): TaskConfig {
  const config = withoutNulls(given);
  const unknown = Object.keys(config).find((key) => !known.has(key));
  if (unknown !== undefined) throw refuse(file, unknown, 'Lowbit does not know it');
  const reader = new Reader(config, file);
  reader.expect('output_type', ['multiple_choice']);
  if ('repeats' in config) reader.expect('repeats', [1]);
  if ('unsafe_code' in config) reader.expect('unsafe_code', [false]);
  const fewshot = reader.mapping('fewshot_config', fewshotKeys);
  const texts = (from: Reader, base?: Pick<TaskConfig, 'docToText' | 'docToTarget' | 'docToChoice'>) => ({
    docToText: from.field('doc_to_text', base?.docToText),
    docToTarget: from.field('doc_to_target', base?.docToTarget),
    docToChoice: from.field('doc_to_choice', base?.docToChoice),
  });
  const own = texts(reader);
  const targetDelimiter = reader.text('target_delimiter', ' ');
  if ('sampler' in fewshot.config) fewshot.expect('sampler', ['default', 'first_n']);
  return {
    task: reader.text('task'),
    version: showVersion(config.metadata),
    datasetPath: reader.text('dataset_path'),
    dataFiles: reader.mapping('dataset_kwargs', new Set(['data_files', 'trust_remote_code'])).config.data_files,
    trainingSplit: reader.optional('training_split'),
    validationSplit: reader.optional('validation_split'),
    testSplit: reader.optional('test_split'),
    fewshotSplit: fewshot.optional('split') ?? reader.optional('fewshot_split'),
    description: reader.text('description', ''),
    ...own,
    targetDelimiter,
    metrics: readMetrics(config.metric_list, file),
    numFewshot: reader.count('num_fewshot'),
    fewshot: {
      sampler: (fewshot.optional('sampler') ?? 'default') as Sampler,
      samples: fewshot.objects('samples'),
      ...texts(fewshot, own),
      targetDelimiter: fewshot.text('target_delimiter', targetDelimiter),
      delimiter: fewshot.text('fewshot_delimiter', reader.text('fewshot_delimiter', '\n\n')),
    },
  };
}

class Reader {
  constructor(
    readonly config: Config,
    readonly file: string,
  ) {}

  expect(key: string, values: readonly unknown[]): void {
    if (!values.includes(this.config[key])) throw this.#refuse(key, `the values known are ${values.join(', ')}`);
  }

  optional(key: string): string | undefined {
    const value = this.config[key];
    if (value === undefined || typeof value === 'string') return value;
    throw this.#refuse(key, 'it is no text');
  }

  text(key: string, other?: string): string {
    const value = this.optional(key) ?? other;
    if (value !== undefined) return value;
    throw this.#refuse(key, 'it is not there');
  }

  count(key: string): number {
    const value = this.config[key] ?? 0;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
    throw this.#refuse(key, 'it is no whole number');
  }

  field(key: string, other?: Field): Field {
    const value = this.config[key] ?? other;
    if (typeof value === 'string' || typeof value === 'number') return value;
    if (typeof value === 'object') return value as Field;
    throw this.#refuse(key, value === undefined ? 'it is not there' : 'it is neither a text nor a list');
  }

  objects(key: string): Record<string, unknown>[] | undefined {
    const value = this.config[key];
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null)) return value;
    throw this.#refuse(key, 'it is no list of rows');
  }

  mapping(key: string, keys: ReadonlySet<string>): Reader {
    const value = this.config[key] ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) throw this.#refuse(key, 'it is no mapping');
    const config = withoutNulls({ ...value });
    const unknown = Object.keys(config).find((each) => !keys.has(each));
    if (unknown !== undefined) throw refuse(this.file, `${key}.${unknown}`, 'Lowbit does not know it');
    return new Reader(config, this.file);
  }

  #refuse(key: string, reason: string): Error {
    return refuse(this.file, key, reason);
  }
}

/** The harness's default for multiple choice is both. */
function readMetrics(list: unknown, file: string): ('acc' | 'accNorm')[] {
  if (list === undefined) return ['acc', 'accNorm'];
  if (!Array.isArray(list) || list.length === 0) throw refuse(file, 'metric_list', 'it is no list of metrics');
  return list.map((entry: unknown) => {
    const { metric, aggregation = 'mean', higher_is_better: higher = true, ...rest } = Object(entry) as Config;
    const name = metricNames[String(metric)];
    const [extra] = Object.keys(rest);
    if (name === undefined) throw refuse(file, 'metric_list', `metric ${String(metric)} is neither acc nor acc_norm`);
    if (aggregation !== 'mean' || higher !== true || extra !== undefined)
      throw refuse(file, 'metric_list', `${String(metric)} is a mean, higher is better, and has no other key`);
    return name;
  });
}

function showVersion(metadata: unknown): string {
  const { version } = Object(metadata) as Config;
  return version === undefined ? '0' : String(version);
}

function withoutNulls(config: Config): Config {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}
