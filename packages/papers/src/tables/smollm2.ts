import type { Measure } from '../measures.js';
import { wikitext2 } from '../measures.js';
import { defineTable, series } from '../table.js';
import type { Tolerance } from '../tolerances.js';
import { exactAnchor, tiedAnchor3, tiedAnchor4, tiedRoundedAnchor } from '../tolerances.js';

const fourWindows: Measure = { ...wikitext2, window: 512, windows: 4 };
const model = ['lowbit/SmolLM2-135M-Instruct'] as const;
const calibration = 'wikitext2,samples=8,sequenceLength=512,seed=0';

const line = (
  method: string,
  recipe: string,
  value: number,
  tolerance: Tolerance,
  drawn: string | null = calibration,
) => series(model, { method, recipe, calibration: drawn ?? undefined, measure: fourWindows, tolerance }, [value]);

export const smollm2 = defineTable({
  name: 'smollm2',
  title: 'Stand-in: the tables of GPTQ, AWQ, SmoothQuant, QuaRot, KIVI and KVQuant on SmolLM2-135M',
  source: 'measured by Lowbit on SmolLM2-135M-Instruct as make-smollm2.py makes it',
  notes: [
    'The first four windows of 512 tokens, calibrated on 8 x 512 tokens of the validation split.',
    'These weights lay on 16 levels once, so 4-bit codes tie: implementations can be compared on them, methods cannot.',
  ],
  standIn: {
    of: ['gptq-t3', 'awq-t4', 'smoothquant-readme', 'quarot-t1', 'kivi-t3', 'kvquant'],
    checkpoint: '3a379318bec823d43d361a891d790f1600d07a0e79d9f8683094adc4bc1acf11',
    measured: '2026-11-22, x86-64 with AVX-512',
  },
  rows: [
    ...line('full', 'float', 30.9781194, exactAnchor, null),
    ...line('GPTQ, 4 bits', 'gptq-paper-w4', 51.5546269, tiedAnchor4),
    ...line('GPTQ, 3 bits', 'gptq-paper-w3', 256.475438, tiedAnchor3),
    ...line('RTN, INT4 g64', 'rtn(bits=4,groupSize=64,grid=awq,symmetric=false)', 41.4399351, exactAnchor, null),
    ...line('AWQ, INT4 g64', 'awq(bits=4,groupSize=64)', 35.0714488, tiedAnchor4),
    ...line('RTN, INT3 g64', 'rtn(bits=3,groupSize=64,grid=awq,symmetric=false)', 105.441139, exactAnchor, null),
    ...line('SmoothQuant, W8A8', 'smoothquant-w8a8', 31.5803866, tiedRoundedAnchor),
    ...line('QuaRot, W4A4KV4', 'quarot-w4a4kv4-gptq', 67.451274, tiedAnchor4),
    ...line('KIVI-2', 'kivi-2', 35.2884927, tiedRoundedAnchor, null),
    ...line('KVQuant, 3 bits, 1 %', 'kvquant-nuq3-1p', 34.8184347, tiedRoundedAnchor),
  ],
});
