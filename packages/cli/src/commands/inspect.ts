import { inspectOutside, inspectSubject, isOutside, openCheckpoint } from '@lowbit/core';
import type { LayerRecord, OutsideInfo, SubjectInfo } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { exitStatus } from '../exit-status.js';
import { alignLeft, alignTable } from '../text-table.js';

/** `lowbit inspect CHECKPOINT|ARTIFACT`: from headers and records, without computing. */
export async function inspect(path: string, { json }: { json?: boolean }): Promise<number> {
  const kernels = await loadKernels();
  if (isOutside(path)) {
    const outside = await inspectOutside(path, kernels);
    process.stdout.write(
      json ? `${JSON.stringify({ kind: kindOutside(outside), ...outside })}\n` : formatOutside(outside),
    );
    return exitStatus.done;
  }
  const info = await inspectSubject(path, kernels);
  const dtypes =
    info.recipe === undefined ? countDtypes((await openCheckpoint(path, kernels)).tensors.values()) : undefined;
  process.stdout.write(json ? `${JSON.stringify(describe(info, dtypes))}\n` : formatInfo(info, dtypes));
  return exitStatus.done;
}

function kindOutside({ source }: OutsideInfo): string {
  return source.identity === 'sha256' ? 'GGUF file' : 'server';
}

/** What nobody says of it is left out. */
function formatOutside(info: OutsideInfo): string {
  const { name, family, parameters, bitsPerWeight, vocabSize, contextLength, recipe, source, digest } = info;
  const numbers = { parameters, 'bits per weight': bitsPerWeight, vocabulary: vocabSize, context: contextLength };
  const facts = [
    ['name', name],
    ['kind', kindOutside(info)],
    ['family', family],
    ...Object.entries(numbers).flatMap(([label, value]) => (Number.isFinite(value) ? [[label, String(value)]] : [])),
    ['row', recipe.name],
    ...Object.entries(source.facts).map(([label, value]) => [
      label,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
    [source.identity, digest],
  ];
  return `${alignLeft(facts)}\n`;
}

function kindOf(recipe: SubjectInfo['recipe']): string {
  if (recipe === undefined) return 'checkpoint';
  // Another tool's file does not say by which steps it was made.
  return recipe.steps.length === 0 ? 'quantized checkpoint' : 'artifact';
}

/** Tensors by how they are stored. */
function countDtypes(tensors: Iterable<{ dtype: string }>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { dtype } of tensors) counts[dtype] = (counts[dtype] ?? 0) + 1;
  return counts;
}

function describe({ decoder, ...info }: SubjectInfo, dtypes: Record<string, number> | undefined) {
  const { vocabSize, hiddenSize, contextLength, blocks } = decoder;
  return {
    kind: kindOf(info.recipe),
    ...info,
    vocabSize,
    hiddenSize,
    contextLength,
    blocks: blocks.length,
    dtypes,
  };
}

function formatInfo(info: SubjectInfo, dtypes: Record<string, number> | undefined): string {
  const { name, family, decoder, parameters, bitsPerWeight, recipe, calibration, digest, layers } = info;
  const attention = decoder.blocks[0]?.attention;
  const facts = [
    ['name', name],
    ['kind', kindOf(recipe)],
    ['family', family],
    ['parameters', String(parameters)],
    ['bits per weight', bitsPerWeight.toFixed(3)],
    ['blocks', String(decoder.blocks.length)],
    ['hidden size', String(decoder.hiddenSize)],
    [
      'heads',
      attention ? `${attention.heads} of ${attention.headDim}, ${attention.kvHeads} for keys and values` : 'none',
    ],
    ['vocabulary', `${decoder.vocabSize}${decoder.head.tied ? ', tied' : ''}`],
    ['context', String(decoder.contextLength)],
    ...(dtypes
      ? [
          [
            'stored as',
            Object.entries(dtypes)
              .map(([dtype, count]) => `${dtype} (${count} tensors)`)
              .join(', '),
          ],
        ]
      : []),
    ...(recipe
      ? [
          ['recipe', recipe.name],
          ...recipe.steps.flatMap(({ method, options, layers = [] }) => [
            [`  ${method}`, JSON.stringify(options)],
            ...layers.map(({ match, ...rest }) => [
              `    ${match}`,
              JSON.stringify('off' in rest ? 'off' : rest.options),
            ]),
          ]),
        ]
      : []),
    ...(calibration
      ? [['calibration', `${calibration.source}, ${calibration.samples} x ${calibration.sequenceLength} tokens`]]
      : []),
    ['sha256', digest],
  ];
  return `${alignLeft(facts)}\n${layers.length > 0 ? `\n${formatLayers(layers)}\n` : ''}`;
}

function formatLayers(layers: readonly LayerRecord[]): string {
  const head = ['layer', 'method', 'shape', 'bits/weight', 'weight error', 'output error', 'fallback'];
  const rows = layers.map((layer) => [
    layer.layer,
    layer.method,
    `${layer.rows}x${layer.cols}`,
    layer.bitsPerWeight.toFixed(3),
    layer.weightError.toFixed(4),
    layer.outputError?.toFixed(4) ?? '',
    layer.fallback ?? '',
  ]);
  return alignTable([head, ...rows]);
}
