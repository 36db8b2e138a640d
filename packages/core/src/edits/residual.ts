import type { ModelDraft } from '../method.js';
import type { Decoder, Linear, Norm } from '../model/decoder.js';
import { asWeight } from './linear.js';
import type { WeightShape } from './linear.js';
import { refuse, requirePlainInputs, requirePlainOutputs } from './sites.js';

/** A norm and what reads its output. */
export interface NormReaders {
  norm: Norm;
  readers: Linear[];
  /** The head reads the last norm where no projection lies between. */
  head: boolean;
}

/** Who writes to the residual stream and who reads it, each through a norm. */
export interface ResidualStream {
  width: number;
  /** Rows of these tables are added as they are. */
  tables: WeightShape[];
  writers: Linear[];
  norms: NormReaders[];
}

/** What adds to the stream, wherever the norms stand. */
export function streamWriters({ embedding, blocks }: Decoder): Pick<ResidualStream, 'tables' | 'writers'> {
  const { projection, position, token } = embedding;
  const tables = [...(projection ? [] : [token]), ...(position ? [position.table] : [])].map(asWeight);
  const outputs = blocks.flatMap(({ attention, mlp }) => [attention.output, mlp.down]);
  return { tables, writers: [...(projection ? [projection] : []), ...outputs] };
}

/** Throws EDIT_REFUSED where something sits on the stream that no edit of weights can follow. */
export function residualStream(draft: ModelDraft): ResidualStream {
  const { decoder } = draft;
  for (const { attention, mlp } of decoder.blocks) requirePlainInputs(draft, [...attention.inputs, ...mlp.inputs]);
  checkResidual(decoder);
  const { tables, writers } = streamWriters(decoder);
  requirePlainOutputs(draft, writers);
  const { blocks, finalNorm, outputProjection } = decoder;
  return {
    width: decoder.hiddenSize,
    tables,
    writers,
    norms: [
      ...blocks.flatMap(({ attentionNorm, attention, mlpNorm, mlp }) => [
        { norm: attentionNorm, readers: attention.inputs, head: false },
        { norm: mlpNorm, readers: mlp.inputs, head: false },
      ]),
      outputProjection
        ? { norm: finalNorm as Norm, readers: [outputProjection], head: false }
        : { norm: finalNorm as Norm, readers: [], head: true },
    ],
  };
}

/** Throws EDIT_REFUSED for a model whose residual stream holds gains that cannot be folded. */
export function checkResidual({ family, embedding, blocks, finalNorm }: Decoder): void {
  const late = blocks.find(({ normPlacement }) => normPlacement === 'post');
  if (late || finalNorm === undefined)
    refuse(
      late?.attentionNorm.name ?? family,
      'it normalises after the addition, so that gains stay on the residual stream',
    );
  if (embedding.norm)
    refuse(embedding.norm.name, 'it normalises the embedding, so that a gain stays on the residual stream');
}

/** What reads a norm, the head included, as weights. */
export function readerWeights({ decoder }: ModelDraft, { readers, head }: NormReaders): WeightShape[] {
  return head ? [asWeight(decoder.head.weight)] : readers;
}
