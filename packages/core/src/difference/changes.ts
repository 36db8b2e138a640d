import { canonicalJson } from '../digest.js';
import type { RunChange } from '../store/run-difference.js';
import type { CalibrationRecord, Environment, Manifest, ModelRecord, StepRecord, TaskRecord } from '../store/types.js';

/** What a manifest says of one thing; undefined where it says nothing. */
type Facts = Record<string, string | number | undefined>;

/** Everything that differs between two manifests and can have moved a figure: environment, models, recipes, tasks, notes. */
export function listChanges(before: Manifest, after: Manifest): RunChange[] {
  const environments = [before, after].map(({ environment }) => describeEnvironment(environment));
  return [
    ...differFacts('', environments[0] ?? {}, environments[1] ?? {}),
    ...differCode(before.code ?? {}, after.code ?? {}),
    ...differNamed('model', before.models, after.models, (a, b) =>
      differFacts(a.name, describeModel(a, before), describeModel(b, after)),
    ),
    ...differNamed('recipe', before.recipes, after.recipes, (a, b) => differSteps(a.name, a.steps, b.steps)),
    ...differNamed('task', before.tasks, after.tasks, differTasks),
    ...differNotes(before.notes, after.notes),
  ];
}

function describeEnvironment(of: Environment): Facts {
  return {
    lowbit: of.lowbit,
    commit: of.commit,
    fingerprint: of.fingerprint,
    onnxruntime: of.onnxruntime,
    node: of.node,
    platform: of.platform,
    processor: of.processor,
    cores: of.cores,
    memory: of.memoryBytes === undefined ? undefined : `${(of.memoryBytes / 2 ** 30).toFixed(0)} GiB`,
    kernels: of.kernels?.implementation,
    'instruction set': of.kernels?.instructionSet,
    device: of.device,
    workers: of.workers,
    threads: of.threadsPerWorker,
  };
}

/** Of methods and tasks that both runs have; the others are changes of recipes and tasks. */
function differCode(before: Record<string, string>, after: Record<string, string>): RunChange[] {
  return Object.keys(after).flatMap((name) =>
    before[name] === undefined ? [] : differFacts(name, { code: before[name] }, { code: after[name] }),
  );
}

function describeModel(of: ModelRecord, { calibration }: Manifest): Facts {
  return {
    checkpoint: of.digest,
    family: of.family,
    parameters: of.parameters,
    tokenizer: of.tokenizerDigest,
    'bits per weight': of.bitsPerWeight,
    source: of.source && canonicalJson(of.source),
    ...describeCalibration(of.calibration ?? calibration),
  };
}

function describeCalibration(of: CalibrationRecord | undefined): Facts {
  if (!of) return {};
  const { source, samples, sequenceLength, seed, tokenSha256 } = of;
  const drawn = `${source}, ${samples} x ${sequenceLength} tokens${seed === undefined ? '' : `, seed ${seed}`}`;
  return { calibration: drawn, 'calibration tokens': tokenSha256 };
}

function differTasks(a: TaskRecord, b: TaskRecord): RunChange[] {
  const describe = ({ version, limit, fewShot, chatTemplate, metrics, source }: TaskRecord): Facts => ({
    'task version': version,
    'task source': source,
    limit: limit ?? 'none',
    'few-shot': fewShot,
    'chat template': chatTemplate,
    protocol: metrics.flatMap(({ protocol }) => protocol ?? []).join(', ') || undefined,
  });
  const hashes = ({ files }: TaskRecord): Map<string, string> =>
    new Map((files ?? []).map(({ path, sha256 }) => [path, sha256]));
  const [earlier, later] = [hashes(a), hashes(b)];
  const data = [...new Set([...earlier.keys(), ...later.keys()])].flatMap((path) =>
    differFacts(path, { data: earlier.get(path) }, { data: later.get(path) }),
  );
  return [...differFacts(a.name, describe(a), describe(b)), ...data];
}

/** Option by option where the methods are the same, else the steps as a whole. */
function differSteps(recipe: string, a: readonly StepRecord[], b: readonly StepRecord[]): RunChange[] {
  const methods = (steps: readonly StepRecord[]): string => steps.map(({ method }) => method).join('+');
  if (methods(a) !== methods(b)) return differFacts(recipe, { recipe: writeSteps(a) }, { recipe: writeSteps(b) });
  return a.flatMap((step, i) => {
    const [earlier, later] = [describeStep(step), describeStep(b[i] as StepRecord)];
    return [...new Set([...Object.keys(earlier), ...Object.keys(later)])].flatMap((name) =>
      differFacts(recipe, { [`${step.method} ${name}`]: earlier[name] }, { [`${step.method} ${name}`]: later[name] }),
    );
  });
}

function describeStep({ version, options, layers }: StepRecord): Facts {
  const values = Object.entries(options).map(([name, value]) => [name, writeValue(value)]);
  return { ...Object.fromEntries(values), version, layers: layers && canonicalJson(layers) };
}

function writeSteps(steps: readonly StepRecord[]): string {
  if (steps.length === 0) return 'float';
  return steps
    .map(({ method, options }) => {
      const given = Object.entries(options).map(([name, value]) => `${name}=${writeValue(value)}`);
      return `${method}(${given.join(',')})`;
    })
    .join('+');
}

function writeValue(value: unknown): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}

function differNotes(before: readonly string[], after: readonly string[]): RunChange[] {
  const lost = before.filter((note) => !after.includes(note));
  const won = after.filter((note) => !before.includes(note));
  return [
    ...lost.map((note) => ({ what: 'note', of: '', before: note, after: undefined })),
    ...won.map((note) => ({ what: 'note', of: '', before: undefined, after: note })),
  ];
}

/** What is of one name in both by `differ`; what only one of them has as a change of its own. */
function differNamed<T extends { name: string }>(
  what: string,
  before: readonly T[],
  after: readonly T[],
  differ: (a: T, b: T) => RunChange[],
): RunChange[] {
  const names = new Set([...after, ...before].map(({ name }) => name));
  return [...names].flatMap((name) => {
    const [a, b] = [before, after].map((list) => list.find((each) => each.name === name));
    if (a && b) return differ(a, b);
    return [{ what, of: name, before: a && 'there', after: b && 'there' }];
  });
}

function differFacts(of: string, before: Facts, after: Facts): RunChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((what) => {
    const [a, b] = [before[what], after[what]].map((value) => (value === undefined ? undefined : String(value)));
    return a === b ? [] : [{ what, of, before: a, after: b }];
  });
}
