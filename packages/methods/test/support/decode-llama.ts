import type { Attention, Checkpoint, Linear, Norm } from '@lowbit/core';

export type Row = Float64Array;

/** What the cache keeps of a token: keys before the position encoding, all heads side by side, and values. */
export interface CacheRules {
  key(block: number, position: number, row: Row): Row;
  value(block: number, position: number, row: Row): Row;
}

/** Losses of a checkpoint of Llama's layout decoded one token after the other in float64; keys are rotated when they are read. */
export async function decodeLlama(
  { decoder, read }: Pick<Checkpoint, 'decoder' | 'read'>,
  ids: Int32Array,
  rules: CacheRules,
): Promise<number[]> {
  const tensors = new Map<string, Float32Array>();
  const load = async (name: string): Promise<Float32Array> => {
    if (!tensors.has(name)) tensors.set(name, await read(name));
    return tensors.get(name) as Float32Array;
  };
  const apply = async ({ weight, bias, rows, cols }: Linear, x: Row): Promise<Row> => {
    const [w, b] = [await load(weight.tensor), bias && (await load(bias.tensor))];
    return Float64Array.from({ length: rows }, (_, i) => dot(w.subarray(i * cols, (i + 1) * cols), x) + (b?.[i] ?? 0));
  };
  const normalise = async (norm: Norm | undefined, x: Row, size = x.length): Promise<Row> => {
    if (norm === undefined) return x;
    const gain = await load(norm.weight.tensor);
    const scales = heads(x, size).map((head) => 1 / Math.sqrt(dot(head, head) / size + norm.epsilon));
    return x.map((value, i) => value * (scales[Math.floor(i / size)] ?? NaN) * (gain[i % size] ?? NaN));
  };
  const width = decoder.hiddenSize;
  const [table, head] = [await load(decoder.embedding.token.tensor), await load(decoder.head.weight.tensor)];
  const caches = decoder.blocks.map(() => ({ keys: [] as Row[], values: [] as Row[] }));
  const losses: number[] = [];
  for (const [position, id] of ids.slice(0, -1).entries()) {
    let x: Row = Float64Array.from(table.subarray(id * width, (id + 1) * width));
    for (const { index, attentionNorm, attention, mlpNorm, mlp } of decoder.blocks) {
      const input = await normalise(attentionNorm, x);
      const [q, k, v] = (await Promise.all(attention.inputs.map((linear) => apply(linear, input)))) as [Row, Row, Row];
      const cache = caches[index] ?? { keys: [], values: [] };
      cache.keys.push(rules.key(index, position, await normalise(attention.keyNorm, k, attention.headDim)));
      cache.values.push(rules.value(index, position, v));
      const query = rotate(attention, await normalise(attention.queryNorm, q, attention.headDim), position);
      const attended = await apply(attention.output, attend(attention, query, cache));
      x = x.map((value, i) => value + (attended[i] ?? NaN));
      const normed = await normalise(mlpNorm, x);
      const [gate, up] = (await Promise.all(mlp.inputs.map((linear) => apply(linear, normed)))) as [Row, Row];
      const out = await apply(
        mlp.down,
        gate.map((g, i) => (g / (1 + Math.exp(-g))) * (up[i] ?? NaN)),
      );
      x = x.map((value, i) => value + (out[i] ?? NaN));
    }
    const final = await normalise(decoder.finalNorm, x);
    const logits = Array.from({ length: decoder.vocabSize }, (_, i) =>
      dot(head.subarray(i * width, (i + 1) * width), final),
    );
    const top = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
    losses.push(Math.log(total) + top - (logits[ids[position + 1] ?? 0] ?? NaN));
  }
  return losses;
}

/** Every head of one query over the whole cache, its own token included. */
function attend(attention: Attention, query: Row, { keys, values }: { keys: Row[]; values: Row[] }): Row {
  const { headDim, scale } = attention;
  const share = attention.heads / attention.kvHeads;
  const rotated = keys.map((key, position) => heads(rotate(attention, key, position), headDim));
  const held = values.map((value) => heads(value, headDim));
  const mixed = heads(query, headDim).map((part, h) => {
    const own = Math.floor(h / share);
    const scores = rotated.map((key) => scale * dot(part, key[own] ?? []));
    const top = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - top));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return part.map((_, j) =>
      held.reduce((sum, value, i) => sum + ((weights[i] ?? NaN) / total) * (value[own]?.[j] ?? NaN), 0),
    );
  });
  return Float64Array.from(mixed.flatMap((each) => [...each]));
}

/** Half-split pairs (i, i + dim / 2) of every head. */
function rotate({ rope, headDim }: Attention, row: Row, position: number): Row {
  if (rope === undefined) return row;
  const half = rope.dim / 2;
  return row.map((x, i) => {
    const place = i % headDim;
    if (place >= rope.dim) return x;
    const angle = position * (rope.frequencies[place % half] ?? NaN);
    const other = place < half ? -(row[i + half] ?? NaN) : (row[i - half] ?? NaN);
    return rope.magnitude * (x * Math.cos(angle) + other * Math.sin(angle));
  });
}

function heads(row: Row, size: number): Row[] {
  return Array.from({ length: row.length / size }, (_, h) => row.slice(h * size, (h + 1) * size));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? NaN) * (b[i] ?? NaN);
  return sum;
}
