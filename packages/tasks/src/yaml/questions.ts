import { reasonOf } from '@lowbit/core';
import type { ChoiceDoc } from '../multiple-choice.js';
import { malformed, type PlacedRow } from './data-files.js';
import { createInterpreter, createReader, type DataRow, type RowFields } from './interpret-row.js';

/** Rows with the questions that a task file makes of them; each is made as it is read, so that faults show early. */
export class Questions {
  readonly #made = new WeakMap<DataRow, { choice: ChoiceDoc; instruction: string }>();

  constructor(
    readonly fields: RowFields,
    readonly description = '',
  ) {}

  /** Every row has every column, null where it has no value, as in Hugging Face datasets. */
  read(placed: readonly PlacedRow[]): DataRow[] {
    const columns = new Set(placed.flatMap(({ row }) => Object.keys(row)));
    const empty = Object.fromEntries([...columns].map((column) => [column, null]));
    const interpret = createInterpreter(this.fields, columns);
    const describe = createReader(this.description, columns);
    return placed.map(({ row: given, place }) => {
      const row = { ...empty, ...given };
      try {
        this.#made.set(row, { choice: interpret(row), instruction: String(describe(row) ?? '') });
      } catch (cause) {
        throw malformed(place, `the task file makes no question of it, ${reasonOf(cause)}`);
      }
      return row;
    });
  }

  choiceOf(row: DataRow): ChoiceDoc {
    return this.#of(row).choice;
  }

  instructionOf(row: DataRow): string {
    return this.#of(row).instruction;
  }

  #of(row: DataRow): { choice: ChoiceDoc; instruction: string } {
    const made = this.#made.get(row);
    if (made) return made;
    throw new Error('Expected a row that was read by this task.');
  }
}
