import t from 'tap';
import { encodeActOrder } from '../test/fixtures/act-order.js';
import { exportGolden } from '../test/fixtures/export-goldens.js';
import type { TinyArtifactOptions } from '../test/fixtures/tiny-artifact.js';
import { compareExport, startExportPeer } from './compare-export.js';

const peer = await startExportPeer();
t.teardown(() => peer.close());

const cases: Record<string, Record<string, TinyArtifactOptions>> = {
  gptq: {
    '4 bits, the golden': exportGolden('gptq').options,
    '8 bits a row': { grid: { bits: 8, granularity: 'channel' } },
    'groups by act-order': { encode: encodeActOrder },
    'OPT, biases': { family: 'opt' },
    'GPT-2, Conv1D': { family: 'gpt2' },
  },
  'gptq-v2': {
    'zero points, the golden': exportGolden('gptq-v2').options,
    // v1 at 3 bits is not here: this loader adds 1 to other bits of its words than AutoGPTQ subtracts from.
    '3 bits, zero points': { grid: { bits: 3, symmetric: false } },
  },
  awq: {
    'zero points, the golden': exportGolden('awq').options,
    symmetric: { grid: { granularity: 'channel' } },
  },
};

for (const [format, options] of Object.entries(cases))
  for (const [name, option] of Object.entries(options))
    t.test(`${format} in GPTQModel: ${name}`, (t) => {
      const module = format === 'awq' ? 'AwqTorchQuantLinear' : 'TorchQuantLinear';
      return compareExport(t, peer, { format, loader: 'gptqmodel', module }, option);
    });
