import type { ModelDraft } from '../method.js';
import type { Norm } from '../model/decoder.js';
import { editWeight, scaleCols } from './linear.js';
import type { WeightShape } from './linear.js';
import { readerWeights, residualStream } from './residual.js';
import type { NormReaders } from './residual.js';

/**
 * Folds every norm's gain and bias into what reads it; LayerNorm becomes RMSNorm, its mean taken out of all that writes to
 * the residual stream (SliceGPT, arXiv:2401.15024, section 3.1; QuaRot 5.3 step 2). Exact. Norms then only normalise, so
 * that rotations of the residual stream pass through them.
 */
export async function foldNorms(draft: ModelDraft): Promise<void> {
  const stream = residualStream(draft);
  draft.untieHead();
  if (stream.norms.some(({ norm }) => norm.kind === 'layer')) {
    for (const table of stream.tables) editWeight(draft, table, (values) => centreRows(values, table.cols));
    for (const writer of stream.writers) {
      editWeight(draft, writer, (values) => centreCols(values, writer.rows, writer.cols));
      if (writer.bias) draft.edit(writer.bias.tensor, (values) => centreRows(values, writer.rows));
    }
  }
  for (const each of stream.norms) await foldNorm(draft, each);
}

async function foldNorm(draft: ModelDraft, each: NormReaders): Promise<void> {
  const { norm } = each;
  const gain = await readGain(draft, norm);
  const bias = norm.bias && (await draft.read(norm.bias.tensor));
  for (const reader of readerWeights(draft, each)) {
    if (bias) await addProduct(draft, each, reader, bias);
    scaleCols(draft, reader, gain);
  }
  norm.kind = 'rms';
  norm.bias = undefined;
  draft.write(norm.weight.tensor, new Float32Array(gain.length).fill(norm.unitOffset ? 0 : 1));
}

/** The factors that a norm multiplies with. */
export async function readGain(draft: ModelDraft, norm: Norm): Promise<Float32Array> {
  const stored = await draft.read(norm.weight.tensor);
  return norm.unitOffset ? stored.map((w) => w + 1) : stored;
}

/** b <- b + W beta. The product is taken now: later edits change W. */
async function addProduct(
  draft: ModelDraft,
  { readers, head }: NormReaders,
  reader: WeightShape,
  beta: Float32Array,
): Promise<void> {
  const { rows, cols, weight } = reader;
  const values = await draft.read(weight.tensor);
  const product = Float32Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let col = 0; col < cols; col++)
      sum += (values[weight.transposed ? col * rows + row : row * cols + col] as number) * (beta[col] as number);
    return sum;
  });
  const linear = readers.find((each) => each === reader);
  const bias = linear
    ? draft.addBias(linear, linear.name, rows)
    : head && draft.addBias(draft.decoder.head, 'lm_head', rows);
  if (bias) draft.edit(bias.tensor, (old) => old.map((b, i) => b + (product[i] as number)));
}

/** Each row minus its mean, sums in float64. */
function centreRows(values: Float32Array, width: number): Float32Array {
  for (let start = 0; start < values.length; start += width) {
    let sum = 0;
    for (let i = start; i < start + width; i++) sum += values[i] as number;
    for (let i = start; i < start + width; i++) values[i] = (values[i] as number) - sum / width;
  }
  return values;
}

/** Each column minus its mean. */
function centreCols(values: Float32Array, rows: number, cols: number): Float32Array {
  const sums = new Float64Array(cols);
  for (let i = 0; i < values.length; i++) sums[i % cols] = (sums[i % cols] as number) + (values[i] as number);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) - (sums[i % cols] as number) / rows;
  return values;
}
