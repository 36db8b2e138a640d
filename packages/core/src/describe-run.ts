import { describeEnvironment } from './environment.js';
import { noteSource } from './outside/plan-outside.js';
import type { Plan } from './plan.js';
import { recordMethods } from './recipe.js';
import type { RunRequest } from './run.js';
import type { Manifest } from './store/types.js';

/** What is written of a run before its first cell is computed. */
export function describeRun(
  { experiment, kernels, registry }: RunRequest,
  plan: Plan,
  layout: { workers: number; threads: number },
): Manifest {
  const notes = [...experiment.notes];
  if (kernels.implementation === 'reference')
    notes.push('Quantized with the TypeScript reference kernels: the native ones are not built on this machine.');
  if (experiment.ropeFrequencies !== 'float32')
    notes.push(
      `Scored with rotary frequencies rounded to ${experiment.ropeFrequencies}, as in a model cast as a whole.`,
    );
  if (experiment.execution !== 'simulated')
    notes.push(
      `Executed: products read the codes of weights where onnxruntime has an operator for them${experiment.execution === 'executed-int8' ? ', activations rounded to 8 bits' : ''}.`,
    );
  notes.push(...plan.models.flatMap(({ record }) => noteSource(record)));
  return {
    formatVersion: 1,
    name: experiment.name,
    title: experiment.title,
    notes,
    created: new Date().toISOString(),
    planDigest: plan.digest,
    models: plan.models.flatMap(({ record, beside }) => (beside === undefined ? [record] : [])),
    recipes: plan.recipes,
    methods: recordMethods(plan.recipes, registry),
    tasks: plan.tasks.map(({ record }) => record),
    groups: plan.groups,
    calibration: plan.models.find(({ record }) => record.calibration)?.record.calibration,
    environment: describeEnvironment(kernels, experiment.device, layout, plan.fingerprint),
    code: plan.code,
    cells: plan.cells.map(({ digest, model, recipe, task }) => ({ digest, model, recipe, task })),
  };
}
