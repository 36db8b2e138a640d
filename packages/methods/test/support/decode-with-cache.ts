import type { Checkpoint, Linear, Norm } from '@lowbit/core';

/** KIVI's cache: keys in groups of tokens per channel, values in groups of channels per token. */
export interface CacheOptions {
  window: number;
  groupSize: number;
  bits: number;
}

type Row = Float64Array;

/** One head's cache as the KIVI code keeps it: rounded rows, then a buffer of recent ones in full precision. */
class HeadCache {
  readonly #keys: Row[] = [];
  readonly #values: Row[] = [];
  #recentKeys: Row[] = [];
  readonly #recentValues: Row[] = [];

  constructor(readonly options: CacheOptions | undefined) {}

  attend(query: Row, key: Row, value: Row, scale: number): Row {
    this.#recentKeys.push(key);
    this.#recentValues.push(value);
    const scores = [...this.#keys, ...this.#recentKeys].map((k) => scale * dot(query, k));
    const top = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - top));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const values = [...this.#values, ...this.#recentValues];
    const mixed = value.map((_, j) =>
      values.reduce((sum, row, i) => sum + ((weights[i] ?? 0) / total) * (row[j] ?? 0), 0),
    );
    this.#settle();
    return mixed;
  }

  /** After attention: a full buffer of keys is rounded whole, of values the oldest row. */
  #settle(): void {
    if (this.options === undefined) return;
    const { window, groupSize, bits } = this.options;
    if (this.#recentKeys.length === window) {
      for (let start = 0; start < window; start += groupSize) {
        const group = this.#recentKeys.slice(start, start + groupSize);
        const rounded = group.map((row) => row.slice());
        for (let channel = 0; channel < (group[0]?.length ?? 0); channel++) {
          const values = round(
            group.map((row) => row[channel] ?? NaN),
            bits,
          );
          rounded.forEach((row, i) => (row[channel] = values[i] ?? NaN));
        }
        this.#keys.push(...rounded);
      }
      this.#recentKeys = [];
    }
    if (this.#recentValues.length > window) {
      const oldest = this.#recentValues.shift() as Row;
      const parts = Array.from({ length: oldest.length / groupSize }, (_, i) =>
        round([...oldest.slice(i * groupSize, (i + 1) * groupSize)], bits),
      );
      this.#values.push(Float64Array.from(parts.flat()));
    }
  }
}

/** s = (max - min) / (2^bits - 1), half to even. */
function round(values: number[], bits: number): number[] {
  const low = Math.min(...values);
  const step = (Math.max(...values) - low) / (2 ** bits - 1) || 1;
  return values.map((value) => {
    const place = (value - low) / step;
    const down = Math.floor(place);
    const code = place - down === 0.5 ? down + (down % 2) : Math.round(place);
    return code * step + low;
  });
}

/** Losses of an OPT checkpoint decoded one token after the other in float64, with or without a rounded cache. */
export async function decodeWithCache(
  { decoder, read }: Pick<Checkpoint, 'decoder' | 'read'>,
  ids: Int32Array,
  options: CacheOptions | undefined,
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
  const normalise = async ({ weight, bias, epsilon }: Norm, x: Row): Promise<Row> => {
    const [gain, shift] = [await load(weight.tensor), bias && (await load(bias.tensor))];
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    return x.map((value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * (gain[i] ?? 0) + (shift?.[i] ?? 0));
  };
  const width = decoder.hiddenSize;
  const table = await load(decoder.embedding.token.tensor);
  const head = await load(decoder.head.weight.tensor);
  const position = decoder.embedding.position;
  const positions = position ? await load(position.table.tensor) : new Float32Array();
  const caches = decoder.blocks.map(({ attention }) =>
    Array.from({ length: attention.heads }, () => new HeadCache(options)),
  );
  const losses: number[] = [];
  for (let token = 0; token + 1 < ids.length; token++) {
    const at = (ids[token] ?? 0) * width;
    const offset = (token + (position?.offset ?? 0)) * width;
    let x: Row = Float64Array.from({ length: width }, (_, i) => (table[at + i] ?? 0) + (positions[offset + i] ?? 0));
    for (const { index, attentionNorm, attention, mlpNorm, mlp } of decoder.blocks) {
      const input = await normalise(attentionNorm, x);
      const [query, key, value] = (await Promise.all(attention.inputs.map((linear) => apply(linear, input)))) as [
        Row,
        Row,
        Row,
      ];
      const { headDim, scale } = attention;
      const part = (row: Row, h: number): Row => row.slice(h * headDim, (h + 1) * headDim);
      const mixed = caches[index]?.flatMap((cache, h) => [
        ...cache.attend(part(query, h), part(key, h), part(value, h), scale),
      ]);
      const attended = await apply(attention.output, Float64Array.from(mixed ?? []));
      x = x.map((value, i) => value + (attended[i] ?? 0));
      const [up] = mlp.inputs as [Linear];
      const inner = (await apply(up, await normalise(mlpNorm, x))).map((value) => Math.max(0, value));
      const out = await apply(mlp.down, inner);
      x = x.map((value, i) => value + (out[i] ?? 0));
    }
    const final = await normalise(decoder.finalNorm as Norm, x);
    const logits = Array.from({ length: decoder.vocabSize }, (_, i) =>
      dot(head.subarray(i * width, (i + 1) * width), final),
    );
    const top = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
    losses.push(Math.log(total) + top - (logits[ids[token + 1] ?? 0] ?? NaN));
  }
  return losses;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? NaN) * (b[i] ?? NaN);
  return sum;
}
