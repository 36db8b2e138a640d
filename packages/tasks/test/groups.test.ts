import { expandGroups, Registry } from '@lowbit/core';
import { groups, tasks } from '@lowbit/tasks';
import t from 'tap';

const registry = new Registry();
registry.add({ tasks, groups });

for (const { name, description, source, protocol, members } of groups)
  t.test(`${name}: its tasks have the metrics that it averages`, async (t) => {
    const choice = { name, limit: undefined, window: undefined, windows: undefined };
    const expanded = expandGroups([choice], registry);
    t.same(
      expanded.tasks.map((task) => task.name),
      members.map(({ task }) => task),
    );
    t.match(
      { name, description, source, protocol },
      { name: /^[a-z0-9-]+$/, description: /./, source: /./, protocol: /^mean\// },
    );
    for (const { task, metric } of members) {
      const names = registry.tasks.get(task).metrics.map((each) => each.name);
      if (protocol === 'mean/accNorm-else-acc') t.equal(metric, names.includes('accNorm') ? 'accNorm' : 'acc', task);
      if (protocol === 'mean/acc') t.equal(metric, 'acc', task);
    }
  });
