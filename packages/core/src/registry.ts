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

/** What a plugin module exports: any of these. */
export interface Plugin {
  methods?: readonly Method[];
  tasks?: readonly Task[];
  groups?: readonly TaskGroup[];
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
  readonly #code = new Map<Method | Task, URL>();

  /** `code`: the module file or the folder (ending in `/`) that the plugin was loaded from, hashed into its cells' digests. */
  add({ methods = [], tasks = [], groups = [], presets = {} }: Plugin, code?: URL): void {
    for (const method of methods) this.methods.add(method.name, method);
    for (const task of tasks) this.tasks.add(task.name, task);
    for (const group of groups) this.groups.add(group.name, group);
    this.#requireApart();
    for (const [name, recipe] of Object.entries(presets)) this.presets.add(name, recipe);
    if (code) for (const each of [...methods, ...tasks]) this.#code.set(each, code);
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
