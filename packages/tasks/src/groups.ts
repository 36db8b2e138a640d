import type { TaskGroup } from '@lowbit/core';

const accNorm = 'accNorm';
const acc = 'acc';

/** Means of zero-shot tasks as papers print them: which tasks, and which metric of each. */
export const groups: TaskGroup[] = [
  {
    name: 'zero-shot-common',
    description: 'Mean of six zero-shot tasks, accNorm where a task has it, else acc',
    // Its table's float row for Llama-2-7B, 79.11 69.06 75.99 74.58 46.25 73.90, has the mean 69.82.
    source: 'QuaRot (Ashkboos et al. 2024), table 2',
    protocol: 'mean/accNorm-else-acc',
    members: [
      { task: 'piqa', metric: accNorm },
      { task: 'winogrande', metric: acc },
      { task: 'hellaswag', metric: accNorm },
      { task: 'arc_easy', metric: accNorm },
      { task: 'arc_challenge', metric: accNorm },
      { task: 'lambada_openai', metric: acc },
    ],
  },
  {
    name: 'zero-shot-acc',
    description: 'Mean of seven zero-shot tasks, acc throughout',
    source: 'Wanda (Sun et al. 2024)',
    protocol: 'mean/acc',
    members: ['boolq', 'rte', 'hellaswag', 'winogrande', 'arc_easy', 'arc_challenge', 'openbookqa'].map((task) => ({
      task,
      metric: acc,
    })),
  },
  {
    name: 'zero-shot-auto-round',
    description: 'Mean of eleven tasks, acc throughout, MMLU without examples where --few-shot 0 is given',
    // Its float row for Llama-2-7B, 42.69 73.90 57.15 68.90 78.07 25.21 31.40 77.74 62.82 76.35 43.52, has the mean 57.98.
    source: 'auto-round (Cheng et al. 2024), paper_acc.md',
    protocol: 'mean/acc',
    members: [
      'mmlu',
      'lambada_openai',
      'hellaswag',
      'winogrande',
      'piqa',
      'truthfulqa_mc1',
      'openbookqa',
      'boolq',
      'rte',
      'arc_easy',
      'arc_challenge',
    ].map((task) => ({ task, metric: acc })),
  },
];
