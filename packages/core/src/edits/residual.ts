import { LowbitError } from '../errors.js';
import type { ModelDraft } from '../method.js';
import type { Linear, Norm, TensorView } from '../model/decoder.js';
import { asWeight } from './linear.js';
import type { WeightShape } from './linear.js';

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

/** Throws EDIT_REFUSED where something sits on the stream that no edit of weights can follow. */
export function residualStream(draft: ModelDraft): ResidualStream {
  const { decoder } = draft;
  for (const { attention, mlp } of decoder.blocks) requirePlainInputs(draft, [...attention.inputs, ...mlp.inputs]);
  const { embedding, blocks, finalNorm, outputProjection } = decoder;
  if (blocks.some(({ normPlacement }) => normPlacement === 'post') || finalNorm === undefined)
    refuse(decoder.family, 'it normalises after the addition, so that gains stay on the residual stream');
  if (embedding.norm)
    refuse(decoder.family, 'it normalises the embedding, so that a gain stays on the residual stream');
  const tables: TensorView[] = [
    ...(embedding.projection ? [] : [embedding.token]),
    ...(embedding.position ? [embedding.position.table] : []),
  ];
  return {
    width: decoder.hiddenSize,
    tables: tables.map(asWeight),
    writers: [
      ...(embedding.projection ? [embedding.projection] : []),
      ...blocks.flatMap(({ attention, mlp }) => [attention.output, mlp.down]),
    ],
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

/** What reads a norm, the head included, as weights. */
export function readerWeights({ decoder }: ModelDraft, { readers, head }: NormReaders): WeightShape[] {
  return head ? [asWeight(decoder.head.weight)] : readers;
}

/** What is multiplied into the columns of a weight must meet the input as its producer gives it. */
export function requirePlainInputs(draft: ModelDraft, linears: readonly Linear[]): void {
  for (const { name } of linears) {
    const [first] = draft.operators(`${name}.input`);
    if (first) refuse(name, `its input already passes a ${first.kind} operator`);
  }
}

export function refuse(what: string, reason: string): never {
  throw new LowbitError(
    'EDIT_REFUSED',
    `Expected a model whose function stays the same under this edit, but ${what} does not allow it: ${reason}; leave this step out for it.`,
  );
}
