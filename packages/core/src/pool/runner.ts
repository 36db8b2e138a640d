import { join } from 'node:path';
import type { Kernels } from '@lowbit/kernels';
import { toLowbitError } from '../errors.js';
import { countExecuted } from '../execution.js';
import { makeArtifacts } from '../quantize/make-artifacts.js';
import { resolveSteps } from '../recipe.js';
import type { Registry } from '../registry.js';
import { openChat } from '../scoring/prompts.js';
import { formatSamples } from '../scoring/samples.js';
import { scoreTask } from '../scoring/score-task.js';
import type { Baseline } from '../scoring/score-requests.js';
import type { TaskScore } from '../scoring/score-task.js';
import type { ReferenceHead } from '../scoring/token-scorer.js';
import type { CellResult, Row } from '../store/types.js';
import { isOutside } from '../outside/model-name.js';
import { openOutside } from '../outside/open.js';
import type { OutsideModel } from '../outside/model-info.js';
import { openReferenceHead, openSubject } from '../subject.js';
import type { Subject } from '../subject.js';
import { openDataFolder } from '../task-data.js';
import type {
  EvalJob,
  EvalResult,
  Failure,
  Job,
  JobAnswer,
  JobProgress,
  JobResult,
  QuantizeJob,
  QuantizeResult,
  ScoreJob,
  WorkerSetup,
} from './job.js';
import { crashForTest } from './test-crash.js';

export interface RunnerOptions extends WorkerSetup {
  registry: Registry;
  kernels: Kernels;
  report: (progress: JobProgress) => void;
}

/** What runs inside a worker, one job after the other. The last subject stays loaded until another one is needed. */
export class JobRunner {
  #loaded: Subject | OutsideModel | undefined;
  #reference: { model: string; head: ReferenceHead } | undefined;

  constructor(readonly options: RunnerOptions) {}

  async run<J extends Job>(job: J): Promise<JobAnswer<JobResult<J>>> {
    try {
      return { result: (await this.#dispatch(job)) as JobResult<J> };
    } catch (thrown) {
      return { failure: failureOf(thrown) };
    }
  }

  #dispatch(job: Job): Promise<JobResult<Job>> {
    switch (job.kind) {
      case 'quantize':
        return this.#quantize(job);
      case 'eval':
        return this.#eval(job);
      case 'score':
        return this.#score(job);
    }
  }

  async #quantize({ subject, recipes, calibration }: QuantizeJob): Promise<QuantizeResult> {
    const { registry, kernels, device, workFolder, report } = this.options;
    await this.#unload();
    const seconds: Record<string, number> = {};
    const outcome = await makeArtifacts({
      checkpoint: subject,
      recipes: recipes.map(({ name, steps, folder }) => ({ recipe: resolveSteps(steps, registry, name), folder })),
      ...{ calibration, kernels, device, workFolder },
      onProgress: (done, total, what) => report({ done, total, what }),
      onDone: (recipe, own) => (seconds[recipe] = own),
    });
    const failed = [...outcome].flatMap(([name, error]) => (error ? [[name, failureOf(error)] as const] : []));
    return { failures: Object.fromEntries(failed), seconds };
  }

  async #eval(job: EvalJob): Promise<EvalResult> {
    crashForTest(job);
    const { registry, report } = this.options;
    const begin = performance.now();
    const subject = await this.#load(job.subject);
    const loaded = performance.now();
    const tokenizer = await subject.tokenizer();
    const { fewShot, chatTemplate } = job;
    const chat = openChat(chatTemplate, tokenizer, subject.name);
    const score = await scoreTask(registry.findTask(job.cell.task), {
      tokenizer,
      scorer: subject.scorer,
      data: openDataFolder(job.data ?? 'data'),
      ...{ limit: job.limit, window: job.window, maxWindows: job.windows, fewShot, chat },
      baseline: await this.#openBaseline(job.baseline),
      progress: (done, total) => report({ done, total, what: 'tokens' }),
    });
    const seconds = {
      ...{ quantize: job.quantizeSeconds, load: (loaded - begin) / 1000 },
      ...{ score: secondsSince(loaded), tokenize: score.seconds.wait },
    };
    return { cell: describeCell(job, subject, score, seconds), samples: formatSamples(score.samples) };
  }

  /** One head object a float model: the scorer keeps its session as long as it is the same. */
  async #openBaseline(baseline: EvalJob['baseline']): Promise<Baseline | undefined> {
    if (baseline === undefined) return undefined;
    const { kind, folder, model } = baseline;
    if (kind === 'keep') return { kind, folder };
    if (this.#reference?.model !== model)
      this.#reference = { model, head: await openReferenceHead(model, this.options.kernels) };
    return { kind, folder, head: this.#reference.head };
  }

  async #score({ subject, sequences }: ScoreJob): Promise<Float32Array[]> {
    const { scorer } = await this.#load(subject);
    const total = sequences.reduce((sum, { length }) => sum + length, 0);
    let done = 0;
    return scorer.scoreSequences([...sequences], (tokens) =>
      this.options.report({ done: (done += tokens), total, what: 'tokens' }),
    );
  }

  async #load(path: string): Promise<Subject | OutsideModel> {
    if (this.#loaded?.path === path) return this.#loaded;
    await this.#unload();
    if (isOutside(path))
      return (this.#loaded = await openOutside(path, {
        kernels: this.options.kernels,
        threads: this.options.device.threads,
      }));
    const { kernels, device, ropeFrequencies, execution, workFolder } = this.options;
    const options = { kernels, device, ropeFrequencies, execution, workFolder: join(workFolder, 'decoded') };
    return (this.#loaded = await openSubject(path, options));
  }

  async #unload(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    await loaded?.release();
  }
}

function describeCell(
  job: EvalJob,
  subject: Subject | OutsideModel,
  score: TaskScore,
  seconds: CellResult['seconds'],
): CellResult {
  const { digest, model, recipe, task } = job.cell;
  const { fewShot, chatTemplate } = job;
  const [execution, source] = subject.decoder ? [subject.execution] : [undefined, subject.source];
  const { documents, tokens, unsharedTokens, computedTokens, windows, tokenSha256, truncated, omitted } = score.counts;
  const savedTokens = unsharedTokens - computedTokens;
  return {
    formatVersion: 1,
    ...{ digest, model, recipe, task },
    status: 'done',
    rows: score.values.map(({ metric, protocol, value, stderr, n, subsets, higherIsBetter }): Row => ({
      ...{ model, recipe, task, metric, protocol, value, stderr, n, subsets, fewShot, chatTemplate, higherIsBetter },
      bitsPerWeight: subject.bitsPerWeight,
      precision: execution?.precision,
      source: source?.engine,
      executedLayers: execution && countExecuted(execution),
      seconds: seconds.score,
    })),
    counts: {
      ...{ documents, tokens, computedTokens, savedTokens, windows, tokenSha256 },
      ...(truncated > 0 && { truncated }),
      ...(omitted > 0 && { omitted }),
    },
    layers: subject.layers,
    klHistogram: score.klHistogram,
    execution,
    source,
    seconds,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

export function failureOf(thrown: unknown): Failure {
  const { code, message } = toLowbitError(thrown);
  return { code, message };
}

function secondsSince(begin: number): number {
  return (performance.now() - begin) / 1000;
}
