import { LowbitError, nearestName } from './errors.js';
import type { ErrorCode } from './errors.js';
import type { Method } from './method.js';
import type { Task } from './task.js';
import type { TaskGroup } from './task-group.js';

/** Named things of one kind. A name that is taken stops the program; an unknown one is answered with the nearest. */
export class NameTable<T> {
  readonly #entries = new Map<string, T>();

  constructor(
    readonly kind: string,
    readonly unknownCode: ErrorCode,
  ) {}

  add(name: string, entry: T): void {
    if (this.#entries.has(name))
      throw new LowbitError(
        'PLUGIN_NAME',
        `Expected each ${this.kind} to have a name of its own, but '${name}' came twice; rename one of them.`,
      );
    this.#entries.set(name, entry);
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** `others`: names of another kind that would do in its place. */
  get(name: string, others: readonly string[] = []): T {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    const names = [...this.names(), ...others];
    const nearest = nearestName(name, names);
    const hint = nearest === undefined ? `known: ${names.join(', ')}` : `did you mean '${nearest}'?`;
    throw new LowbitError(this.unknownCode, `Expected a known ${this.kind}, got '${name}'; ${hint}`);
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  values(): T[] {
    return [...this.#entries.values()];
  }
}

export type TaskMaker = (argument: string) => Task;

/** What a plugin module exports: any of these. */
export interface Plugin {
  methods?: readonly Method[];
  tasks?: readonly Task[];
  groups?: readonly TaskGroup[];
  /** Makes a task of what follows the colon of `NAME:ARGUMENT`, a file's path for instance. */
  taskMakers?: Readonly<Record<string, TaskMaker>>;
  /** Recipe by preset name. */
  presets?: Readonly<Record<string, string>>;
}

/** Everything that recipes and experiments can name. */
export class Registry {
  readonly methods = new NameTable<Method>('method', 'METHOD_UNKNOWN');
  readonly tasks = new NameTable<Task>('task', 'TASK_UNKNOWN');
  /** Accepted wherever a task is named, so the names are apart from the tasks'. */
  readonly groups = new NameTable<TaskGroup>('task group', 'TASK_UNKNOWN');
  readonly presets = new NameTable<string>('preset', 'METHOD_UNKNOWN');
  /** By the name before the colon. */
  readonly taskMakers = new NameTable<TaskMaker>('task', 'TASK_UNKNOWN');
  readonly #code = new Map<Method | Task | TaskMaker, URL>();

  /** `code`: the module file or the folder (ending in `/`) that the plugin was loaded from, hashed into its cells' digests. */
  add({ methods = [], tasks = [], taskMakers = {}, groups = [], presets = {} }: Plugin, code?: URL): void {
    for (const method of methods) this.methods.add(method.name, method);
    for (const task of tasks) this.tasks.add(task.name, task);
    for (const group of groups) this.groups.add(group.name, group);
    this.#requireApart();
    for (const [name, recipe] of Object.entries(presets)) this.presets.add(name, recipe);
    for (const [name, make] of Object.entries(taskMakers)) this.taskMakers.add(name, make);
    if (code) for (const each of [...methods, ...tasks, ...Object.values(taskMakers)]) this.#code.set(each, code);
  }

  /** The task of this name, made at its first use where it is `NAME:ARGUMENT`. TASK_UNKNOWN. */
  findTask(name: string): Task {
    const colon = name.indexOf(':');
    if (this.tasks.has(name) || colon < 0) return this.tasks.get(name, this.groups.names());
    const make = this.taskMakers.get(name.slice(0, colon));
    const task = make(name.slice(colon + 1));
    this.add({ tasks: [task] }, this.#code.get(make));
    return task;
  }

  #requireApart(): void {
    const twin = this.groups.names().find((name) => this.tasks.has(name));
    if (twin !== undefined)
      throw new LowbitError(
        'PLUGIN_NAME',
        `Expected tasks and task groups to have names of their own, but '${twin}' is both; rename one of them.`,
      );
  }

  codeOf(entry: Method | Task): URL | undefined {
    return this.#code.get(entry);
  }
}
