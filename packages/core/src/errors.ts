/**
 * Every failure that a user can cause or meet. A message is one sentence: what was expected, what came, what to do.
 * `docs/errors.md` lists each code with cause and cure; a test holds the two together.
 */
export const errorCodes = [
  'CHECKPOINT_MISSING',
  'CHECKPOINT_HEADER',
  'CHECKPOINT_TENSOR',
  'CHECKPOINT_SHAPE',
  'CHECKPOINT_VALUE',
  'CONFIG_FAMILY',
  'CONFIG_KEY',
  'CONFIG_VALUE',
  'TOKENIZER_MISSING',
  'TOKENIZER_MISMATCH',
  'CHAT_TEMPLATE',
  'MODEL_SOURCE',
  'PACKAGE_MISSING',
  'GGUF_UNREADABLE',
  'SERVER_FAILED',
  'SERVER_ANSWER',
  'TOKEN_IDS',
  'RECIPE_SYNTAX',
  'RECIPE_ORDER',
  'RECIPE_LAYER',
  'METHOD_UNKNOWN',
  'METHOD_OPTION',
  'METHOD_NEEDS',
  'METHOD_FAILED',
  'EDIT_REFUSED',
  'SPEC_GROUP_SIZE',
  'FORMAT_UNKNOWN',
  'CALIBRATION_SOURCE',
  'CALIBRATION_SHORT',
  'CALIBRATION_VALUE',
  'TASK_UNKNOWN',
  'TASK_FILE',
  'TASK_DATA',
  'TASK_SHORT',
  'TASK_UNFIT',
  'BASELINE_MISSING',
  'EXPERIMENT_FILE',
  'EXPERIMENT_OPTION',
  'PLUGIN_LOAD',
  'PLUGIN_NAME',
  'ARTIFACT_MISSING',
  'ARTIFACT_DIGEST',
  'EXPORT_FORMAT',
  'EXPORT_REFUSED',
  'IMPORT_UNREADABLE',
  'IMPORT_CONFLICT',
  'DEVICE_UNKNOWN',
  'EXECUTION_MISMATCH',
  'RESOURCE_MEMORY',
  'RESOURCE_DISK',
  'RUN_LOCKED',
  'RUN_UNREADABLE',
  'NIGHT_MISSING',
  'HISTORY_INDEX',
  'HISTORY_QUERY',
  'WORKER_LOST',
  'REPORT_EMPTY',
  'USAGE',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** An error that reaches the user as its sentence and code, without a stack trace. */
export class LowbitError extends Error {
  override readonly name = 'LowbitError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What a thrown value says, as a part of a sentence. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Any thrown value as a LowbitError; what is not one already is an internal fault, or a full disk. */
export function toLowbitError(thrown: unknown): LowbitError {
  if (thrown instanceof LowbitError) return thrown;
  const message = reasonOf(thrown);
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC')
    return new LowbitError('RESOURCE_DISK', `The disk is full (${message}); free some space and start the run again.`, {
      cause: thrown,
    });
  return new LowbitError('INTERNAL', message, { cause: thrown });
}

/** The known name nearest to a mistyped one (edit distance of at most a third of its length), for "did you mean". */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const scored = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  scored.sort((a, b) => a.distance - b.distance);
  const best = scored[0];
  return best && best.distance <= Math.max(2, Math.ceil(name.length / 3)) ? best.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
