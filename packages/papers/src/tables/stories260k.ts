import type { Measure } from '../measures.js';
import { defineTable, series } from '../table.js';
import type { Tolerance } from '../tolerances.js';
import { chaoticAnchor, exactAnchor, roundedAnchor } from '../tolerances.js';

const stories: Measure = { task: 'tinystories', metric: 'perplexity', limit: 10 };
const continuation: Measure = { task: 'story_continuation', metric: 'acc', limit: 40, percent: true };
const model = ['lowbit/stories260k'] as const;
const calibration = 'text:{model}/stories.txt,samples=32,sequenceLength=256,seed=0';
const groups = 'groupSize=32,remainder=short';

const line = (
  method: string,
  recipe: string,
  value: number,
  tolerance: Tolerance,
  drawn: string | null = calibration,
  measure = stories,
) => series(model, { method, recipe, calibration: drawn ?? undefined, measure, tolerance }, [value]);

export const stories260k = defineTable({
  name: 'stories260k',
  title: 'Stand-in: the tables of GPTQ, AWQ, SmoothQuant, QuaRot, KIVI and KVQuant on the embedded model',
  source: 'measured by Lowbit on its embedded stories260K',
  notes: ['In-sample: text and calibration are the same 100 stories; nothing here says how good a method is.'],
  standIn: {
    of: ['gptq-t3', 'gptq-readme', 'awq-t4', 'smoothquant-readme', 'quarot-t1', 'kivi-t3', 'kvquant'],
    checkpoint: '',
    measured: '2026-11-22, x86-64 with AVX2',
    dataBesideModel: true,
  },
  rows: [
    ...line('full', 'float', 1, exactAnchor, null),
    ...line('GPTQ, 4 bits', 'gptq-paper-w4', 1, chaoticAnchor),
    ...line('GPTQ, 3 bits', 'gptq-paper-w3', 1, chaoticAnchor),
    ...line('GPTQ, 4 bits, act-order and true-sequential', 'gptq-llama-w4', 1, chaoticAnchor),
    ...line('RTN, INT4 g32', `rtn(bits=4,${groups},grid=awq,symmetric=false)`, 1, exactAnchor, null),
    ...line('AWQ, INT4 g32', `awq(bits=4,${groups})`, 1, chaoticAnchor),
    ...line('RTN, INT3 g32', `rtn(bits=3,${groups},grid=awq,symmetric=false)`, 1, exactAnchor, null),
    ...line('AWQ, INT3 g32', `awq(bits=3,${groups})`, 1, chaoticAnchor),
    ...line('SmoothQuant, W8A8', 'smoothquant-w8a8', 1, roundedAnchor),
    ...line('QuaRot, W4A4KV4', 'quarot-w4a4kv4-gptq', 1, chaoticAnchor),
    ...line('KIVI-2, window 32', 'kv(bits=2,window=32,keyAxis=channel,groupSize=8)', 1, roundedAnchor, null),
    ...line('KVQuant, 3 bits, 1 %', 'kvquant-nuq3-1p', 1, roundedAnchor),
    ...line('full', 'float', 1, exactAnchor, null, continuation),
    ...line('GPTQ, 3 bits', 'gptq-paper-w3', 1, chaoticAnchor, calibration, continuation),
  ],
});
