import type { Measure } from '../measures.js';
import { defineTable, series } from '../table.js';
import type { Tolerance } from '../tolerances.js';
import { exactAnchor, fedForwardAnchor, fewDocumentsAnchor, roundedAnchor } from '../tolerances.js';

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
    checkpoint: 'd27bf2efd9d8edc06418904bbc582f17ff7eaf43f03a44f7bded4eb021a5c570',
    measured: '2026-11-22, x86-64 with AVX-512',
    dataBesideModel: true,
  },
  rows: [
    ...line('full', 'float', 3.6568224, exactAnchor, null),
    ...line('GPTQ, 4 bits', 'gptq-paper-w4', 3.9716449, fedForwardAnchor),
    ...line('GPTQ, 3 bits', 'gptq-paper-w3', 6.2940585, fedForwardAnchor),
    ...line('GPTQ, 4 bits, act-order and true-sequential', 'gptq-llama-w4', 3.9411901, fedForwardAnchor),
    ...line('RTN, INT4 g32', `rtn(bits=4,${groups},grid=awq,symmetric=false)`, 3.9667339, exactAnchor, null),
    ...line('AWQ, INT4 g32', `awq(bits=4,${groups})`, 3.9312943, fedForwardAnchor),
    ...line('RTN, INT3 g32', `rtn(bits=3,${groups},grid=awq,symmetric=false)`, 6.1527216, exactAnchor, null),
    ...line('AWQ, INT3 g32', `awq(bits=3,${groups})`, 5.3603091, fedForwardAnchor),
    ...line('SmoothQuant, W8A8', 'smoothquant-w8a8', 3.6638591, roundedAnchor),
    ...line('QuaRot, W4A4KV4', 'quarot-w4a4kv4-gptq', 8.1372408, fedForwardAnchor),
    ...line('KIVI-2, window 32', 'kv(bits=2,window=32,keyAxis=channel,groupSize=8)', 3.7594904, roundedAnchor, null),
    ...line('KVQuant, 3 bits, 1 %', 'kvquant-nuq3-1p', 3.9361256, roundedAnchor),
    ...line('full', 'float', 52.5, fewDocumentsAnchor, null, continuation),
    ...line('GPTQ, 3 bits', 'gptq-paper-w3', 57.5, fewDocumentsAnchor, calibration, continuation),
  ],
});
