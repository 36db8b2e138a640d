import t from 'tap';
import { findTable, isCovered, knownDecoder, paperModels, tables } from '@lowbit/papers';
import type { ModelId, PaperRow } from '@lowbit/papers';
import { decoderTensors } from '@lowbit/core';
import { publishedLines } from './fixtures/published-lines.js';

/** In the paper's unit. */
function printed({ expected, measure }: PaperRow): number {
  return Number((measure.percent ? expected * 100 : expected).toPrecision(8));
}

/** Where `part` begins in `whole`; -1: nowhere. */
function findRun(whole: readonly number[], part: readonly number[]): number {
  return whole.findIndex((_, start) => part.every((value, offset) => whole[start + offset] === value));
}

t.test('every published figure stands in its table, line by line and in order, and no other figure does', (t) => {
  const quoted = new Map<string, Set<number>>();
  for (const { line, tables: names, figures } of publishedLines)
    for (const name of names) {
      const values = figures.split(' ').map(Number);
      const start = findRun(findTable(name).rows.map(printed), values);
      t.ok(start >= 0, `${name} has ${line}: ${figures}`);
      const places = quoted.get(name) ?? new Set();
      values.forEach((_, offset) => places.add(start + offset));
      quoted.set(name, places);
    }
  for (const { name, rows, standIn } of tables)
    if (!standIn) t.equal(quoted.get(name)?.size, rows.length, `${name} has no figure besides`);
  t.end();
});

t.test('a row that is covered has a tolerance with its reason, one that is not a reason', (t) => {
  for (const { name, rows } of tables)
    for (const row of rows) {
      const where = `${name}: ${row.method} of ${row.model}`;
      t.ok(row.expected > 0, where);
      if (!isCovered(row)) t.ok(row.reason.length > 10, where);
      else t.ok(row.tolerance > 0 && row.tolerance < 0.3 * row.expected && row.toleranceReason.length > 10, where);
    }
  t.equal(new Set(tables.map(({ name }) => name)).size, tables.length);
  t.end();
});

t.test('float rows have the tolerances that the documents name', (t) => {
  const toleranceOf = (name: string, recipe: string): number | undefined =>
    findTable(name)
      .rows.filter(isCovered)
      .find((row) => row.recipe === recipe)?.tolerance;
  t.equal(toleranceOf('kivi-t3', 'float'), 0.005);
  t.equal(toleranceOf('kivi-t3', 'kivi-2'), 0.015);
  t.equal(toleranceOf('gptq-for-llama', 'float'), 0.0163, '0.005 and 0.2 % of 5.67');
  t.end();
});

t.test('known shapes have the published numbers of parameters', (t) => {
  // As the hub's safetensors headers sum up, tied heads once.
  const published: Partial<Record<ModelId, number>> = {
    'facebook/opt-125m': 125_239_296,
    'facebook/opt-350m': 331_196_416,
    'facebook/opt-1.3b': 1_315_758_080,
    'huggyllama/llama-7b': 6_738_415_616,
    'meta-llama/Llama-2-7b-hf': 6_738_415_616,
    'meta-llama/Llama-2-13b-hf': 13_015_864_320,
    'meta-llama/Llama-2-70b-hf': 68_976_648_192,
    'meta-llama/Meta-Llama-3-8B': 8_030_261_248,
    'meta-llama/Meta-Llama-3-70B': 70_553_706_496,
    'mistralai/Mistral-7B-v0.1': 7_241_732_096,
    'lowbit/SmolLM2-135M-Instruct': 134_515_008,
  };
  for (const [id, parameters] of Object.entries(published)) {
    const views = decoderTensors(knownDecoder(id as ModelId));
    const sum = views.reduce((total, { shape }) => total + shape.reduce((size, side) => size * side, 1), 0);
    t.equal(sum, parameters, id);
  }
  for (const id of Object.keys(paperModels) as ModelId[]) t.ok(knownDecoder(id).blocks.length > 0, id);
  t.end();
});

t.test('an unknown table is answered with the nearest', (t) => {
  t.throws(() => findTable('gptq-3'), { code: 'USAGE', message: /did you mean 'gptq-t3'/ });
  t.throws(() => findTable('nothing like it'), { code: 'USAGE', message: /known: gptq-t3, / });
  t.end();
});
