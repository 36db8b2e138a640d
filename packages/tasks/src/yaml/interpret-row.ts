import type { ChoiceDoc } from '../multiple-choice.js';
import type { Field } from './check-config.js';
import { compileTemplate, isList } from './template.js';

export type DataRow = Record<string, unknown>;

export interface RowFields {
  docToText: Field;
  docToTarget: Field;
  docToChoice: Field;
}

/**
 * A row as a question, by a task file's three fields: the name of a column, or a template, or for the choices a list.
 * An integer for a text means that the contexts are what is chosen. Throws an Error with the reason.
 */
export function createInterpreter(fields: RowFields, columns: ReadonlySet<string>): (row: DataRow) => ChoiceDoc {
  const text = createReader(fields.docToText, columns);
  const target = createReader(fields.docToTarget, columns);
  const choices = createChoices(fields.docToChoice, columns);
  return (row) => {
    const options = choices(row);
    const question = toIndex(text(row));
    const answer = toIndex(target(row));
    if (typeof question === 'number') {
      if (typeof answer !== 'string') throw new Error('doc_to_target is no text where doc_to_text is a number');
      return { contexts: options, choices: [answer], target: checkIndex(question, options) };
    }
    const index = typeof answer === 'string' ? options.indexOf(answer) : answer;
    return { contexts: [question], choices: options, target: checkIndex(index, options) };
  };
}

/** The value of a column as it is; of a template what Python makes of its text: digits are an integer. */
export function createReader(field: Field, columns: ReadonlySet<string>): (row: DataRow) => unknown {
  if (typeof field === 'number') return () => field;
  if (typeof field !== 'string') throw new Error('a list or mapping is for doc_to_choice');
  if (columns.has(field)) return (row) => row[field];
  const template = compileTemplate(field);
  return (row) => {
    const rendered = template.evaluate(row);
    if (typeof rendered === 'boolean') return rendered ? 'True' : 'False';
    const isDigits = typeof rendered === 'string' && /^\d+$/.test(rendered);
    if (typeof rendered === 'string' && isList(rendered)) throw new Error('it gives a list of targets');
    return isDigits ? Number(rendered) : rendered;
  };
}

function createChoices(field: Field, columns: ReadonlySet<string>): (row: DataRow) => string[] {
  if (typeof field === 'number') throw new Error('doc_to_choice is a number');
  if (typeof field !== 'string') {
    const fixed = checkChoices(Array.isArray(field) ? field : Object.values(field));
    return () => fixed;
  }
  if (columns.has(field)) return (row) => checkChoices(row[field]);
  const template = compileTemplate(field);
  return (row) => checkChoices(template.evaluate(row));
}

function checkChoices(value: unknown): string[] {
  const isTexts = Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '');
  if (isTexts && value.length > 1) return value;
  throw new Error(`doc_to_choice is no list of at least two texts: ${JSON.stringify(value)}`);
}

/** A truth value counts as 0 or 1, as in Python. */
function toIndex(value: unknown): string | number {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new Error(`a text or a whole number is wanted, not ${JSON.stringify(value) ?? 'nothing'}`);
}

function checkIndex(index: number, options: readonly string[]): number {
  if (index >= 0 && index < options.length) return index;
  throw new Error(`its label names none of the ${options.length} choices`);
}
