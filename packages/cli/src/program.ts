import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { chatTurns, executions, LowbitError, version } from '@lowbit/core/store';
import type { Host } from './host.js';
import { aggregates, historyFormats } from './history-options.js';
import { exitStatus } from './exit-status.js';
import { showError } from './show-error.js';

/** The command line; the only file that knows its library. Returns the exit status. */
export async function runProgram(argv: readonly string[], host: Host | undefined): Promise<number> {
  let status: number = exitStatus.done;
  const then = (work: Promise<number>): Promise<void> => work.then((result) => void (status = result));
  try {
    await buildProgram(host, then).parseAsync([...argv], { from: 'user' });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      if (host?.signal.aborted) return exitStatus.interrupted;
      showError(error);
      return exitStatus.badInput;
    }
    if (error.exitCode === 0) return exitStatus.done;
    if (error.code !== 'commander.help') showError(new LowbitError('USAGE', toSentence(error.message)));
    return exitStatus.badInput;
  }
}

/** Each command is loaded when it is called: none waits for what only others need. */
function buildProgram(host: Host | undefined, then: (work: Promise<number>) => Promise<void>): Command {
  const program = new Command('lowbit')
    .description('What a quantization method at b bits costs on a language model, with figures to trust')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError();
  const command = (syntax: string, description: string): Command => program.command(syntax).description(description);

  command('run', 'run an experiment file; finished cells are never computed again')
    .argument('<experiment>', 'a .json, .ts, .js or .mjs file')
    .option('-o, --output <folder>', 'the run folder (default: runs/<name>)')
    .option('--measure-again', 'compute the cells of measurements (bench_decode) once more')
    .option('--json', 'print rows and comparisons as JSON and nothing else')
    .action(async (file: string, options) =>
      then((await import('./commands/run.js')).run(file, options, requireHost(host))),
    );

  command('nightly', 'run an experiment as a night of a history, and compare it with the nights before')
    .argument('<config>', 'a .json, .ts, .js or .mjs file')
    .option('--accept [night]', 'run nothing: make a night, by default the last, the baseline')
    .option('--baseline <name>', "in place of the file's")
    .option('--no-wait', 'end at once where another process has the history')
    .option('--json', 'print the verdict as JSON and nothing else')
    .action(async (file: string, options) =>
      then((await import('./commands/nightly.js')).nightly(file, options, requireHost(host))),
    );

  shareScoringOptions(command('eval', 'score a checkpoint or artifact on tasks'))
    .requiredOption('--tasks <names>', 'tasks and task groups, separated by commas', splitList)
    .option(
      '--recipe <recipe>',
      'float, a preset, steps joined by +, or a file; several make several columns',
      collect,
      [],
    )
    .option('--limit <n>', 'only the first documents', wholeNumber)
    .option('--few-shot <k>', "worked examples before each question (default: the task's)", wholeNumber)
    .addOption(
      new Option('--chat-template [turns]', "prompts by the model's chat template")
        .choices(chatTurns)
        .preset('multi-turn'),
    )
    .option('--window <tokens>', 'tokens per window', wholeNumber)
    .option('--windows <n>', 'only the first windows', wholeNumber)
    .option('--samples <folder>', 'write samples_<task>.jsonl there')
    .option('-o, --output <run>', 'keep the run folder')
    .option('--json', 'print { rows }, with several recipes { rows, comparisons }, and nothing else')
    .action(async (path: string, options) =>
      then((await import('./commands/eval.js')).evaluate(path, options, requireHost(host))),
    );

  shareScoringOptions(command('score', 'losses of given token ids'))
    .requiredOption('--token-ids <file>', 'JSON number[][]')
    .option('--recipe <recipe>', 'quantize by this first', 'float')
    .option('--json', 'print { nll } (the only form there is)')
    .action(async (path: string, options) =>
      then((await import('./commands/score.js')).score(path, options, requireHost(host))),
    );

  shareModelOptions(command('quantize', 'write a quantized artifact'))
    .requiredOption('--recipe <recipe>', 'a preset, steps joined by +, or a file')
    .requiredOption('-o, --output <folder>', 'where the artifact goes')
    .option('--format <format>', 'lowbit, or a target of lowbit list exports', 'lowbit')
    .action(async (path: string, options) =>
      then((await import('./commands/quantize.js')).quantize(path, options, requireHost(host))),
    );

  command('export', "an artifact in another tool's format, codes as they are")
    .argument('<artifact>', 'a folder that quantize wrote')
    .requiredOption('--format <name>', 'see lowbit list exports')
    .requiredOption('-o, --output <folder>', 'where the files go')
    .action(async (path: string, options) => then((await import('./commands/export.js')).exportTo(path, options)));

  command('report', 'render finished runs')
    .argument('<run...>', 'run folders')
    .requiredOption('-o, --output <folder>', 'where the files go')
    .option('--format <formats>', 'html,csv,md,tex,json', splitList, ['html'])
    .action(async (runs: string[], options) => then((await import('./commands/report.js')).report(runs, options)));

  command('reproduce', "a paper's table beside our figures, or list for all tables")
    .argument('<table>', 'list, or a table of it')
    .option('--models <folder>', "checkpoints as org/name, name or in the hub's cache (default: the hub's own cache)")
    .option('--data <folder>', "the tasks' files (default: ./data, then LOWBIT_DATA)")
    .option(
      '--rows <pattern>',
      'only rows whose names have all of these words, * for any letters; several patterns add up',
      collect,
      [],
    )
    .option('--dry-run', 'compute nothing; print tokens, memory, disk, downloads and estimated hours')
    .option('-o, --output <run>', 'for cells and reports (default: runs/reproduce/<table>)')
    .option('--workers <n>', 'recipes computed side by side', wholeNumber)
    .option('--threads <n>', 'threads of each worker', wholeNumber)
    .option('--strict', 'exit status 1 where a row is outside its tolerance')
    .option('--json', 'print the table as JSON and nothing else')
    .action(async (table: string, options) =>
      then((await import('./commands/reproduce.js')).reproduce(table, options, requireHost(host))),
    );

  command('compare', 'what a later run of an experiment says of an earlier one')
    .argument('<before>', 'folder of the earlier run')
    .argument('<after>', 'folder of the later run')
    .option('-o, --output <folder>', 'where files go')
    .option('--format <formats>', 'html,md,json,csv', splitList, ['html'])
    .option('--tolerance <metric=value>', 'relative, in place of the default; measured=0.2 for times', collect, [])
    .option('--level <share>', 'of the paired tests (default: 0.95)', Number)
    .option('--json', 'print the difference as JSON and nothing else')
    .action(async (before: string, after: string, options) =>
      then((await import('./commands/compare.js')).compare(before, after, options)),
    );

  command('site', 'a static site of many runs; what is unchanged is not rendered again')
    .argument('<folder...>', 'run folders, or folders with runs below them')
    .requiredOption(
      '-o, --output <folder>',
      'where the site goes: a new folder, or the site that is brought up to date',
    )
    .option('--title <text>', 'of the list of runs', 'Lowbit runs')
    .action(async (folders: string[], options) => then((await import('./commands/site.js')).site(folders, options)));

  command('import', "lm-evaluation-harness's results and samples as a run")
    .argument('<path...>', 'folders with results_*.json and samples_*.jsonl, or such files')
    .requiredOption('-o, --output <run>', 'the run folder, new or empty')
    .option('--model <name>', 'one name for the models of all files, which are then compared as recipes of one model')
    .option('--float <recipe>', 'the recipe, by its name in the run, whose weights are not quantized')
    .action(async (paths: string[], options) =>
      then((await import('./commands/import-results.js')).importResults(paths, options)),
    );

  command('export-results', "a run as lm-evaluation-harness's results and samples files")
    .argument('<run>', 'its folder')
    .requiredOption('-o, --output <folder>', 'where the files go')
    .action(async (path: string, options) =>
      then((await import('./commands/export-results.js')).exportResults(path, options)),
    );

  const past = command('history', 'rows of all runs from an index over their files: filter, pivot, export')
    .argument('[folder...]', 'folders of runs (default: runs)')
    .option('--index <file>', 'the index (default: history.duckdb in the first folder)')
    .option(
      '--run <pattern>',
      'runs by name; * stands for any characters; may be repeated, as the next ones',
      collect,
      [],
    )
    .option('--model <pattern>', 'models', collect, [])
    .option('--recipe <pattern>', 'recipes', collect, [])
    .option('--task <pattern>', 'tasks', collect, [])
    .option('--metric <pattern>', 'metrics', collect, [])
    .option('--status <pattern>', 'done, failed, missing or unreadable', collect, [])
    .option('--since <time>', 'runs from then on: 2026-11-22, 2026-11-22T10:00Z or 7d')
    .option('--until <time>', 'runs up to then')
    .option('--where <condition>', "in SQL: 'bitsPerWeight < 4.5'")
    .option('--columns <names>', 'of rows, separated by commas', splitList)
    .option('--sort <names>', 'columns, with a minus for the largest first (default: -created)', splitList)
    .option('--limit <n>', 'only the first rows, 0 for all (default: 50 in a table on the terminal)', wholeNumber)
    .addOption(
      new Option('--pivot [rows,columns,value]', 'columns of rows, several joined by +').preset('recipe,task,value'),
    )
    .addOption(new Option('--aggregate <kind>', 'of --pivot').choices(aggregates).default('latest'))
    .option('--sql <query>', 'over rows, runs, layers, changes and leftOut, in place of all other filters')
    .addOption(new Option('--format <format>').choices(historyFormats).default('table'))
    .option('-o, --output <file>', 'where it goes (default: standard output)')
    .action(async (folders: string[], options) =>
      then((await import('./commands/history.js')).history(folders, options)),
    );
  past
    .command('add')
    .description('folders of runs, or runs, that the index shall know')
    .argument('<folder...>', 'where they lie')
    .action(async (folders: string[], _, self: Command) =>
      then((await import('./commands/history.js')).addToHistory(folders, self.optsWithGlobals())),
    );
  past
    .command('rebuild')
    .description('the index anew, from nothing but the run files')
    .argument('[folder...]', 'besides those that it knows')
    .action(async (folders: string[], _, self: Command) =>
      then((await import('./commands/history.js')).rebuildHistory(folders, self.optsWithGlobals())),
    );

  command('list', 'methods, presets, tasks, groups, families, formats, exports or devices')
    .argument('<what>', 'methods | presets | tasks | groups | families | formats | exports | devices')
    .option('--json', 'as JSON')
    .action(async (what: string, options) => then((await import('./commands/list.js')).list(what, options)));

  command('inspect', 'what a checkpoint or artifact is')
    .argument('<path>', 'its folder')
    .option('--json', 'as JSON')
    .action(async (path: string, options) => then((await import('./commands/inspect.js')).inspect(path, options)));

  command('doctor', 'what this machine offers, and whether scores come out right')
    .option('--json', 'as JSON')
    .action(async (options) => then((await import('./commands/doctor.js')).doctor(options)));
  return program;
}

function shareModelOptions(command: Command): Command {
  return command
    .argument(
      '<checkpoint>',
      'a folder in Hugging Face layout or an artifact; to be scored, also a .gguf or openai:URL#MODEL',
    )
    .option(
      '--calibration <source>',
      'token-ids:FILE, text:FILE, wikitext2 or c4, then ,samples=N,sequenceLength=N,seed=N',
    )
    .option('--data <folder>', "the tasks' files (default: ./data, then LOWBIT_DATA)")
    .option('--device <name>', 'an execution provider of onnxruntime', 'cpu')
    .option('--workers <n>', 'models computed side by side', wholeNumber)
    .option('--threads <n>', 'threads of each worker', wholeNumber)
    .option('--plugin <module>', 'a module with methods and tasks of your own', collect, []);
}

function shareScoringOptions(command: Command): Command {
  return shareModelOptions(command)
    .addOption(
      new Option('--rope-frequencies <dtype>', 'bfloat16 emulates a model that was cast as a whole')
        .choices(['float32', 'bfloat16'])
        .default('float32'),
    )
    .addOption(
      new Option('--execution <kind>', "executed: products read the weights' codes, where onnxruntime has an operator")
        .choices(executions)
        .default('simulated'),
    );
}

function requireHost(host: Host | undefined): Host {
  if (host) return host;
  throw new LowbitError(
    'INTERNAL',
    'Expected a supervised process for this command, got none; start lowbit by its command line.',
  );
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isInteger(number) || number < 0)
    throw new InvalidArgumentError('It should be a whole number.');
  return number;
}

/** The library's `error: unknown option '--x'\n(Did you mean --y?)`, or two sentences, as one. */
function toSentence(message: string): string {
  const flat = message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*\((.*)\)$/, '; $1')
    .replace(/(?:\.|(;)) ([A-Z])/g, (_, semicolon: string | undefined, letter: string) => `; ${letter.toLowerCase()}`);
  return `${flat.charAt(0).toUpperCase()}${flat.slice(1)}${/[.?)]$/.test(flat) ? '' : '; see --help.'}`;
}
