import type { Permute, Rotate, Site } from '../draft/operators.js';
import { LowbitError } from '../errors.js';
import type { ModelDraft } from '../method.js';
import type { Linear } from '../model/decoder.js';

/** Behind the transforms that are there; one behind a quantizer would not undo what lies before it. */
export function addTransform(draft: ModelDraft, site: Site, operator: Permute | Rotate): void {
  const before = draft.operators(site);
  if (before.some(({ kind }) => kind === 'quantize')) refuse(site, 'its values are quantized already');
  draft.setOperators(site, [...before, operator]);
}

/** What is multiplied into the columns of a weight must meet the input as its producer gives it. */
export function requirePlainInputs(draft: ModelDraft, linears: readonly Linear[]): void {
  for (const { name } of linears) {
    const [first] = draft.operators(`${name}.input`);
    if (first) refuse(name, `its input already passes a ${first.kind} operator`);
  }
}

/** What is multiplied into the rows of a weight must reach the next layer as it is. */
export function requirePlainOutputs(draft: ModelDraft, linears: readonly Linear[]): void {
  for (const { name } of linears) {
    const [first] = draft.operators(`${name}.output`);
    if (first) refuse(name, `its output already passes a ${first.kind} operator`);
  }
}

export function refuse(what: string, reason: string): never {
  throw new LowbitError(
    'EDIT_REFUSED',
    `Expected a model whose function stays the same under this edit, but ${what} does not allow it: ${reason}; leave this step out for it.`,
  );
}
