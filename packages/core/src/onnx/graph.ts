import { parse, relative, resolve } from 'node:path';
import { attributeTypes, elementTypes, encodeModel } from './schema.js';
import type { AttributeMessage, ElementType, NodeMessage, TensorMessage, ValueMessage } from './schema.js';

/** Name of a value (an edge) in a graph. */
export type Value = string;

/** An attribute; a number is an int unless wrapped by `float()`. */
export type Attribute = number | string | number[] | { float: number };

export function float(value: number): Attribute {
  return { float: value };
}

/** Bytes of a tensor inside another file. */
export interface ExternalTensor {
  file: string;
  offset: number;
  bytes: number;
}

const defaultDomain = '';
/** onnxruntime's own operators (fused attention, norms, integer products). */
export const contrib = 'com.microsoft';

/** Emits one ONNX graph node by node; values are named, so that a failure names its place in the model. */
export class Graph {
  readonly #nodes: NodeMessage[] = [];
  readonly #initializers = new Map<string, TensorMessage>();
  readonly #inputs: ValueMessage[] = [];
  readonly #outputs: ValueMessage[] = [];
  /** Output name of values that leave the graph. */
  readonly #renamed = new Map<Value, string>();
  #count = 0;

  constructor(readonly name: string) {}

  input(name: string, type: ElementType, shape: (number | string)[]): Value {
    this.#inputs.push(valueMessage(name, type, shape));
    return name;
  }

  /** A node's result leaves under its output name; what no node made, or what leaves twice, is copied. */
  output(value: Value, name: string, type: ElementType, shape: (number | string)[]): void {
    const made = this.#nodes.some((node) => node.output.includes(value));
    if (made && !this.#renamed.has(value)) this.#renamed.set(value, name);
    else this.#renamed.set(this.node('Identity', [value]), name);
    this.#outputs.push(valueMessage(name, type, shape));
  }

  /** One operator with one result. `inputs` may hold '' for an absent optional input. */
  node(opType: string, inputs: Value[], attributes: Record<string, Attribute> = {}, domain = defaultDomain): Value {
    return this.nodes(opType, inputs, 1, attributes, domain)[0] as Value;
  }

  cast(value: Value, type: ElementType): Value {
    return this.node('Cast', [value], { to: elementTypes[type] });
  }

  /** One operator with several results. */
  nodes(
    opType: string,
    inputs: Value[],
    results: number,
    attributes: Record<string, Attribute> = {},
    domain = defaultDomain,
  ): Value[] {
    const name = `${opType}.${this.#count++}`;
    const output = Array.from({ length: results }, (_, i) => (results === 1 ? name : `${name}.${i}`));
    const attribute = Object.entries(attributes).map(([key, value]) => attributeMessage(key, value));
    this.#nodes.push({ name, opType, domain, input: inputs, output, attribute });
    return output;
  }

  /** A constant held in the graph; equal names are the same constant. */
  constant(name: string, type: ElementType, dims: number[], data: ArrayBufferView): Value {
    if (!this.#initializers.has(name)) {
      const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.#initializers.set(name, { name, dims, dataType: elementTypes[type], rawData });
    }
    return name;
  }

  floats(values: number[], dims = [values.length]): Value {
    return this.constant(`f32:${dims.join('x')}:${values.join(',')}`, 'float32', dims, Float32Array.from(values));
  }

  scalar(value: number): Value {
    return this.floats([value], []);
  }

  ints(values: number[], dims = [values.length]): Value {
    return this.constant(
      `i64:${dims.join('x')}:${values.join(',')}`,
      'int64',
      dims,
      BigInt64Array.from(values, BigInt),
    );
  }

  /** A constant whose bytes are read in place from another file. */
  external(name: string, type: ElementType, dims: number[], source: ExternalTensor): Value {
    if (!this.#initializers.has(name)) {
      const file = resolve(source.file);
      const location = relative(parse(file).root, file);
      const entries = { location, offset: source.offset, length: source.bytes };
      const externalData = Object.entries(entries).map(([key, value]) => ({ key, value: String(value) }));
      this.#initializers.set(name, { name, dims, dataType: elementTypes[type], externalData, dataLocation: 1 });
    }
    return name;
  }

  /** The model's bytes. Nodes and constants that no output needs are left out: onnxruntime would compute them. */
  encode(): Uint8Array {
    const { nodes, values } = this.#needed();
    return encodeModel({
      irVersion: 10,
      producerName: 'lowbit',
      opsetImport: [
        { domain: defaultDomain, version: 21 },
        { domain: contrib, version: 1 },
      ],
      graph: {
        name: this.name,
        node: nodes,
        initializer: [...this.#initializers.values()].filter(({ name }) => values.has(name)),
        input: this.#inputs,
        output: this.#outputs,
      },
    });
  }

  #needed(): { nodes: NodeMessage[]; values: Set<Value> } {
    const values = new Set(this.#outputs.map(({ name }) => name));
    const nodes: NodeMessage[] = [];
    const named = (value: Value): string => this.#renamed.get(value) ?? value;
    for (const node of this.#nodes.toReversed()) {
      const output = node.output.map(named);
      if (!output.some((value) => values.has(value))) continue;
      const input = node.input.map(named);
      nodes.push({ ...node, input, output });
      for (const value of input) values.add(value);
    }
    return { nodes: nodes.reverse(), values };
  }
}

function valueMessage(name: string, type: ElementType, shape: (number | string)[]): ValueMessage {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } };
}

function attributeMessage(name: string, value: Attribute): AttributeMessage {
  if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
  if (typeof value === 'string') return { name, type: attributeTypes.string, s: new TextEncoder().encode(value) };
  if (Array.isArray(value)) return { name, type: attributeTypes.ints, ints: value };
  return { name, type: attributeTypes.float, f: value.float };
}
