import t from 'tap';
import { planRecipe, Registry, resolveRecipe } from '@lowbit/core';
import { methods, presets } from '@lowbit/methods';
import { costOf, dataFiles, isCovered, knownDecoder, tables, tasksOf } from '@lowbit/papers';
import { groups, tasks } from '@lowbit/tasks';

const registry = new Registry();
registry.add({ methods, presets });
registry.add({ tasks, groups });

t.test(
  'every covered row can be planned on the shapes of its model, its task has its metric, and it has a cost',
  (t) => {
    for (const { name, rows } of tables)
      for (const row of rows.filter(isCovered)) {
        const where = `${name}: ${row.method} of ${row.model}`;
        t.doesNotThrow(() => planRecipe(resolveRecipe(row.recipe, registry), knownDecoder(row.model)), where);
        const { task, metric } = row.measure;
        if (registry.groups.has(task)) t.equal(metric, 'meanAcc', where);
        else
          t.ok(
            registry.findTask(task).metrics.some((each) => each.name === metric),
            where,
          );
        t.ok(tasksOf(row, registry).length > 0);
        const plan = { row, obstacle: undefined, path: undefined, isAbsent: true, absentFiles: [], notes: [] };
        const cost = costOf(plan, registry, 1e11);
        t.ok(cost && cost.tokens > 0 && cost.hours > 0 && cost.memoryBytes > cost.downloadBytes, where);
      }
    t.end();
  },
);

t.test('a calibrated recipe says on what, any other says nothing', (t) => {
  for (const { name, rows } of tables)
    for (const row of rows.filter(isCovered)) {
      const needs = resolveRecipe(row.recipe, registry).steps.some(({ method, options }) => method.needs?.(options));
      t.equal(row.calibration !== undefined, needs, `${name}: ${row.method}`);
    }
  t.end();
});

t.test("of every file that a paper's row needs it is known where it comes from", (t) => {
  for (const { rows, standIn } of tables)
    for (const row of rows.filter(isCovered).filter(() => standIn === undefined))
      for (const name of tasksOf(row, registry))
        for (const file of registry.findTask(name).files) t.ok(dataFiles[file], file);
  t.end();
});
