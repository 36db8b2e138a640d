/** The grids of a weight-only method at the usual widths and group sizes. */
const weightOnly = [2, 3, 4, 8].flatMap((bits) =>
  [32, 64, 128].flatMap((group): [string, string][] => [
    [`rtn-w${bits}-g${group}`, `rtn(bits=${bits},groupSize=${group})`],
    [`rtn-w${bits}-g${group}-asym`, `rtn(bits=${bits},groupSize=${group},symmetric=false)`],
    [`gptq-w${bits}-g${group}`, `gptq(bits=${bits},groupSize=${group})`],
    [`gptq-w${bits}-g${group}-asym`, `gptq(bits=${bits},groupSize=${group},symmetric=false)`],
    [`gptq-w${bits}-g${group}-actorder`, `gptq(bits=${bits},groupSize=${group},actOrder=static)`],
    [`awq-w${bits}-g${group}`, `awq(bits=${bits},groupSize=${group})`],
  ]),
);

/**
 * The levels of SmoothQuant's table 2, alpha of OPT and BLOOM; the inputs of attention's products are rounded in all.
 * Activations first: static ranges are those of the smoothed model before its weights are rounded.
 */
const smoothLevel = (activations: string): string =>
  `smoothquant(alpha=0.5)+activations(bits=8,outputs=true,${activations})+rtn(bits=8,grid=smoothquant,granularity=tensor)`;

/** SmoothQuant's README: weights per channel, activations per token, alpha of Llama-2 7B and 13B. */
const smooth = 'smoothquant(alpha=0.85)+rtn(bits=8,grid=smoothquant)+activations(bits=8,outputs=true)';
/** Its table was made in bfloat16: the quantizers compute in it; the rest of the forward pass stays float32. */
const smoothInBfloat16 = (alpha: number): string =>
  `smoothquant(alpha=${alpha})+rtn(bits=8,grid=smoothquant,arithmetic=bfloat16)+activations(bits=8,outputs=true,arithmetic=bfloat16)`;

/** QuaRot section 5: activations clipped by 0.9, cache asymmetric per head clipped by 0.95, weights per channel with clip search. */
const quarotKeysAndValues = 'kv(bits=4,clipRatio=0.95,quarotValues=true)';
const quarotCache = `activations(bits=4,clipRatio=0.9)+${quarotKeysAndValues}`;
const quarotWeights = 'bits=4,grid=quarot,clip=mse';
/** Its rows with groups: the same size for weights and activations. */
const quarotGroups = (size: number): string =>
  `quarot+gptq(${quarotWeights},groupSize=${size},groupScales=dynamic,trueSequential=true)+activations(bits=4,granularity=group,groupSize=${size},clipRatio=0.9)+${quarotKeysAndValues}`;

/** The LLaMA rows of GPTQ's README. */
const gptqTricks = 'grid=gptq,symmetric=false,actOrder=group,groupScales=dynamic,trueSequential=true';

/** Papers' settings, each the recipe that it stands for. */
const papers: [string, string][] = [
  // GPTQ table 3 (OPT) and the LLaMA rows of its README.
  ['gptq-paper-w3', 'gptq(bits=3,grid=gptq,symmetric=false,groupScales=dynamic)'],
  ['gptq-paper-w4', 'gptq(bits=4,grid=gptq,symmetric=false,groupScales=dynamic)'],
  ['gptq-opt-w4-actorder', 'gptq(bits=4,grid=gptq,symmetric=false,actOrder=group,groupScales=dynamic)'],
  ['gptq-llama-w3', `gptq(bits=3,${gptqTricks})`],
  ['gptq-llama-w4', `gptq(bits=4,${gptqTricks})`],
  ['gptq-llama-w3-g128', `gptq(bits=3,groupSize=128,${gptqTricks})`],
  ['gptq-llama-w4-g128', `gptq(bits=4,groupSize=128,${gptqTricks})`],
  // Defaults of AutoGPTQ 9f7d370 and GPTQModel 5.6.
  [
    'autogptq-w4-g128',
    'gptq(bits=4,groupSize=128,grid=gptq,actOrder=group,groupScales=dynamic,trueSequential=true,scaleType=float16)',
  ],
  [
    'gptqmodel-w4-g128',
    'gptq(bits=4,groupSize=128,grid=gptq,actOrder=group-aware,groupScales=dynamic,trueSequential=true,dampPercent=0.05,scaleType=float16)',
  ],
  ['smoothquant-w8a8', smooth],
  ['smoothquant-w8a8-bf16', smoothInBfloat16(0.85)],
  // Alpha of Llama-2-70B, and of Mistral.
  ['smoothquant-w8a8-bf16-a90', smoothInBfloat16(0.9)],
  ['smoothquant-w8a8-bf16-a80', smoothInBfloat16(0.8)],
  ['smoothquant-o1', smoothLevel('granularity=token')],
  ['smoothquant-o2', smoothLevel('granularity=tensor')],
  ['smoothquant-o3', smoothLevel('granularity=tensor,range=static')],
  ['quarot-w4a4kv4-rtn', `quarot+rtn(${quarotWeights})+${quarotCache}`],
  ['quarot-w4a4kv4-gptq', `quarot+gptq(${quarotWeights},trueSequential=true)+${quarotCache}`],
  ...[64, 128, 256].map((size): [string, string] => [`quarot-w4a4kv4-gptq-g${size}`, quarotGroups(size)]),
  // KIVI: groups of 32, window of 128.
  ['kivi-2', 'kv(bits=2,window=128,keyAxis=channel,groupSize=32)'],
  ['kivi-4', 'kv(bits=4,window=128,keyAxis=channel,groupSize=32)'],
  // KVQuant table 1: 1 % outliers, first token kept; Q-Norm at 2 bits. Calibrated on 16 x 2,048 tokens of WikiText-2.
  ['kvquant-nuq4-1p', 'kvquant(bits=4)'],
  ['kvquant-nuq3-1p', 'kvquant(bits=3)'],
  ['kvquant-nuq2-1p', 'kvquant(bits=2,qNorm=true)'],
];

/** Settings people name. */
export const presets: Record<string, string> = Object.fromEntries([...weightOnly, ...papers]);
