import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';

/** A Jinja template, read as lm-evaluation-harness reads it: blocks keep their line feeds, what is undefined is an error. */
export interface Template {
  render(doc: object): string;
  /** What Python would make of the text: the value itself where the template is one expression, a list that it spells. */
  evaluate(doc: object): unknown;
}

/** A value of the library's. */
interface Value {
  type: string;
  value: unknown;
}

interface Node {
  type: string;
  [key: string]: unknown;
}

const control = new Set([
  'Set',
  'If',
  'For',
  'Macro',
  'Comment',
  'Break',
  'Continue',
  'CallStatement',
  'FilterStatement',
]);
const bodies = new Set(['body', 'alternate', 'defaultBlock']);
const globals = { true: true, false: false, none: null, True: true, False: false, None: null };

export function compileTemplate(source: string): Template {
  // Jinja drops a last line feed, which the harness keeps.
  const tree = (): Node => parse(tokenize(source.endsWith('\n') ? `${source}\n` : source)) as unknown as Node;
  const text = tree();
  rewrite(text);
  const [only, ...others] = statementsOf(tree());
  const single = only && others.length === 0 && isOutput(only) ? only : undefined;
  if (single) rewrite(single);

  function render(doc: object): string {
    return run(text, doc, { asText });
  }

  return {
    render,
    evaluate(doc) {
      if (single) return capture(single, doc);
      const rendered = render(doc);
      return isList(rendered) ? compileTemplate(`{{ ${rendered} }}`).evaluate({}) : rendered;
    },
  };
}

export function isList(text: string): boolean {
  return text.length >= 2 && text.startsWith('[') && text.endsWith(']');
}

function capture(expression: Node, doc: object): unknown {
  let captured: unknown;
  const keep = (value: Value): string => {
    captured = toPlain(value);
    return '';
  };
  run({ type: 'Program', body: [call('keep', expression)] }, doc, { keep });
  return captured;
}

/** `functions` take the library's own values, of which one knows whether it is null or not there at all. */
function run(program: Node, doc: object, functions: Record<string, (...values: Value[]) => unknown>): string {
  const environment = new Environment();
  for (const [name, value] of Object.entries({ ...globals, ...doc })) environment.set(name, value);
  for (const [name, each] of Object.entries({ index: indexOf, ...functions })) {
    environment.set(helper(name), each);
    const wrapped = environment.variables.get(helper(name)) as { value: (args: unknown[], scope: unknown) => unknown };
    const inner = wrapped.value;
    wrapped.value = (args, scope) =>
      inner(
        args.map((value) => ({ value })),
        scope,
      );
  }
  return String(new Interpreter(environment).run(program as never).value);
}

/** What is printed goes through `asText`; lists have Python's `index`, which the library lacks. In place. */
function rewrite(node: Node): void {
  for (const [key, value] of Object.entries(node)) {
    const children = Array.isArray(value) ? value : [value];
    for (const child of children) if (isNode(child)) rewrite(child);
    if (bodies.has(key) && Array.isArray(value))
      node[key] = value.map((each: Node) => (isOutput(each) ? call('asText', each) : each));
  }
  const { callee } = node;
  if (node.type !== 'CallExpression' || !isNode(callee) || callee.type !== 'MemberExpression' || callee.computed)
    return;
  if (!isNode(callee.property) || callee.property.value !== 'index' || !isNode(callee.object)) return;
  Object.assign(node, call('index', callee.object, ...(node.args as Node[])));
}

function call(name: string, ...args: Node[]): Node {
  return { type: 'CallExpression', callee: { type: 'Identifier', value: helper(name) }, args };
}

/** A name that no column has. */
function helper(name: string): string {
  return `lowbit ${name}`;
}

function statementsOf(program: Node): Node[] {
  return (program.body as Node[]).filter(({ type }) => type !== 'Comment');
}

function isOutput({ type }: Node): boolean {
  return !control.has(type) && type !== 'StringLiteral';
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** Python's `str`. */
function asText(value: Value): string {
  const plain = toPlain(value);
  if (typeof plain === 'string') return plain;
  if (plain === null) return 'None';
  if (typeof plain === 'boolean') return plain ? 'True' : 'False';
  // From an exponent on, the two languages write numbers differently.
  if (typeof plain === 'number' && !String(plain).includes('e'))
    return value.type === 'FloatValue' && Number.isInteger(plain) ? plain.toFixed(1) : String(plain);
  throw new Error(`it prints ${JSON.stringify(plain)}`);
}

function indexOf(list: Value, item: Value): number {
  const plain = toPlain(list);
  const index = Array.isArray(plain) ? plain.indexOf(toPlain(item)) : -1;
  if (index < 0) throw new Error(`${JSON.stringify(toPlain(item))} is not in the list`);
  return index;
}

function toPlain({ type, value }: Value): unknown {
  if (type === 'UndefinedValue') throw new Error('it is undefined');
  if (type === 'NullValue') return null;
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [String(key), toPlain(each)]));
  return value;
}
