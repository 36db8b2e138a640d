import {
  describeOptions,
  exportFormats,
  families,
  listDevices,
  LowbitError,
  nearestName,
  tensorFormats,
} from '@lowbit/core';
import type { Registry } from '@lowbit/core';
import { createRegistry } from '../plugins.js';
import { exitStatus } from '../exit-status.js';
import { alignLeft } from '../text-table.js';

/** What each list holds, as JSON and as lines. */
const lists: Record<string, (registry: Registry) => { json: unknown; text: string }> = {
  methods: (registry) => {
    const methods = registry.methods.values().map((method) => {
      const { name, version, description, source } = method;
      return { name, version, description, source, options: describeOptions(method) };
    });
    const text = methods.map(({ name, description, source, options }) => {
      const rows = options.map((option) => [
        `  ${option.name}`,
        option.type,
        option.default === undefined ? '' : JSON.stringify(option.default),
        option.range,
        option.perLayer ? 'per layer' : '',
        option.description,
      ]);
      return `${name}: ${description} (${source})\n${alignLeft(rows)}`;
    });
    return { json: methods, text: text.join('\n\n') };
  },
  presets: ({ presets }) => {
    const rows = presets.names().map((name) => ({ name, recipe: presets.get(name) }));
    return { json: rows, text: alignLeft(rows.map(({ name, recipe }) => [name, recipe])) };
  },
  tasks: ({ tasks, taskMakers }) => {
    const made = taskMakers.names().map((name) => taskMakers.get(name)('PATH'));
    const rows = [...tasks.values(), ...made].map(({ name, version, description, source, metrics, files }) => ({
      name,
      version,
      description,
      source,
      metrics,
      files,
    }));
    return {
      json: rows,
      text: alignLeft(
        rows.map(({ name, metrics, description }) => [
          name,
          metrics.map((metric) => metric.name).join(', '),
          description,
        ]),
      ),
    };
  },
  groups: (registry) => {
    const rows = registry.groups.values();
    const text = rows.map(({ name, members, description, source }) => [
      name,
      members.map(({ task, metric }) => `${task} ${metric}`).join(', '),
      `${description} (${source})`,
    ]);
    return { json: rows, text: alignLeft(text) };
  },
  families: () => {
    const rows = families.map(({ name, modelTypes, architectures }) => ({ name, modelTypes, architectures }));
    const text = rows.map(({ name, modelTypes, architectures }) => [
      name,
      modelTypes.join(', '),
      architectures.join(', '),
    ]);
    return { json: rows, text: alignLeft(text) };
  },
  formats: () => {
    const rows = tensorFormats.map(({ name, description }) => ({ name, description }));
    return { json: rows, text: alignLeft(rows.map(({ name, description }) => [name, description])) };
  },
  exports: () => {
    const rows = exportFormats.map(({ name, description }) => ({ name, description }));
    return { json: rows, text: alignLeft(rows.map(({ name, description }) => [name, description])) };
  },
  devices: () => {
    const rows = listDevices();
    return {
      json: rows,
      text: alignLeft(rows.map(({ name, bundled }) => [name, bundled ? 'bundled' : 'needs a provider of its own'])),
    };
  },
};

/** `lowbit list WHAT`. */
export async function list(what: string, { json }: { json?: boolean }): Promise<number> {
  const make = lists[what];
  if (make === undefined) {
    const near = nearestName(what, Object.keys(lists));
    throw new LowbitError(
      'USAGE',
      `Expected one of ${Object.keys(lists).join(', ')}, got '${what}'; ${near === undefined ? 'name one of them' : `did you mean '${near}'?`}`,
    );
  }
  const made = make(await createRegistry([]));
  process.stdout.write(json ? `${JSON.stringify(made.json)}\n` : `${made.text}\n`);
  return exitStatus.done;
}
