import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTensorBytes } from '../../artifact/tensor-bytes.js';
import { modelGraph } from '../../engine/graphs.js';
import { layBlocks, nBitsProduct } from '../../engine/executed-operands.js';
import type { BlockLayout } from '../../engine/executed-operands.js';
import { placeOperands } from '../../engine/executed-product.js';
import type { NBitsProduct } from '../../engine/executed-product.js';
import { StoredParameters } from '../../engine/parameters.js';
import type { TensorSource } from '../../engine/parameters.js';
import { LowbitError } from '../../errors.js';
import { isFloatDtype } from '../../model/dtype.js';
import { refuse } from '../format.js';
import type { ExportFormat, ExportSource } from '../format.js';
import { copyTokenizer, plainTensors } from '../hugging-face-folder.js';
import { readPackedCodes } from '../layer-grid.js';
import type { LayerGrid, LayerPlan } from '../layer-grid.js';
import { requireBits, requireGroupsInOrder, requireWholeGroups } from '../requirements.js';
import { DataFile } from './data-file.js';

const name = 'onnx';

/**
 * `model.onnx` with its weights in `model.onnx.data`: the graph that Lowbit itself computes, operators of the recipe
 * included, with onnxruntime's `MatMulNBits` for encoded linears. Scales are float32, so any type of scale is exact.
 */
export const onnx: ExportFormat = {
  name,
  description:
    'ONNX graph for onnxruntime, encoded linears by MatMulNBits: 4 or 8 bits, any family, operators included',
  limits: { halfScales: false, decodesTo: 'float32' },
  checkPlan({ layers }) {
    requireBits(name, layers, [8, 4]);
    requireWholeGroups(name, layers);
    requireGroupsInOrder(name, layers);
    for (const layer of layers) requireBlocks(layer);
  },
  check: () => Promise.resolve(),
  async write(source, folder) {
    const { artifact, layers } = source;
    const { decoder } = artifact.record;
    const data = await DataFile.create(join(folder, 'model.onnx.data'));
    try {
      const products = new Map<string, NBitsProduct>();
      for (const layer of layers) products.set(layer.linear.weight.tensor, await writeLayer(source, layer, data));
      const parameters = new StoredParameters(await writePlain(source, data), products);
      const operators = await artifact.readOperators();
      const options = { parameters, operators, lowering: 'auto', maxLength: decoder.contextLength } as const;
      await writeFile(join(folder, 'model.onnx'), modelGraph(decoder, options));
    } finally {
      await data.close();
    }
    await copyFile(join(artifact.folder, 'config.json'), join(folder, 'config.json'));
    await copyTokenizer(artifact.folder, folder);
    return [];
  },
};

function requireBlocks(layer: LayerPlan): BlockLayout {
  return (
    layBlocks(layer) ??
    refuse(
      name,
      `${layer.linear.name} has groups of ${layer.groupSize} columns, and the blocks of MatMulNBits are powers of two from 16`,
      'quantize with a groupSize that is a multiple of 16',
    )
  );
}

async function writeLayer(
  { artifact, kernels }: ExportSource,
  layer: LayerGrid,
  data: DataFile,
): Promise<NBitsProduct> {
  const product = await nBitsProduct(layer, await readPackedCodes(artifact, layer), requireBlocks(layer), kernels);
  return placeOperands(product, (bytes) => data.add(bytes));
}

async function writePlain({ artifact }: ExportSource, data: DataFile): Promise<Map<string, TensorSource>> {
  const sources = new Map<string, TensorSource>();
  for (const stored of plainTensors(artifact)) {
    const { name: tensor, dtype, shape } = stored;
    if (!isFloatDtype(dtype)) throw new LowbitError('INTERNAL', `Tensor ${tensor} must be float, and it is ${dtype}.`);
    sources.set(tensor, { dtype, shape, ...(await data.add(await readTensorBytes(stored))) });
  }
  return sources;
}
