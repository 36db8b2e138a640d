// Runs in the reader's browser too: it imports nothing that a browser has not.
import type { FigureRow, RunFigures } from './run-figures.js';

/** A metric of a cell in two runs. */
export interface FigurePair {
  recipe: string;
  model: string;
  task: string;
  metric: string;
  protocol: string | null;
  higherIsBetter: boolean;
  measured: boolean;
  before: FigureRow | undefined;
  after: FigureRow | undefined;
  /** after - before; undefined where a figure is missing or they are not comparable. */
  difference: number | undefined;
  sense: 'better' | 'worse' | 'near' | undefined;
  note: string;
}

type Cell = RunFigures['cells'][number];

/** In the order of the later run, what only the earlier one has last. */
export function pairFigures(before: RunFigures, after: RunFigures): FigurePair[] {
  const [earlier, later] = [before, after].map((run) => new Map(run.cells.map((cell) => [nameCell(cell), cell])));
  if (!earlier || !later) return [];
  return [...new Set([...later.keys(), ...earlier.keys()])].flatMap((name) =>
    pairCell(earlier.get(name), later.get(name)),
  );
}

function pairCell(before: Cell | undefined, after: Cell | undefined): FigurePair[] {
  const cell = after ?? before;
  if (!cell) return [];
  const { recipe, model, task } = cell;
  const [earlier, later] = [before, after].map((each) => new Map(each?.rows.map((row) => [row.metric, row])));
  const metrics = [...new Set([...(later?.keys() ?? []), ...(earlier?.keys() ?? [])])];
  const obstacle = before && after ? findObstacle(before, after) : undefined;
  const failure = after?.failed
    ? `failed: ${after.failed}`
    : before?.failed
      ? `failed before: ${before.failed}`
      : undefined;
  const blank = { metric: '', protocol: null, value: null, stderr: null, higherIsBetter: true, measured: false };
  return (metrics.length === 0 ? [''] : metrics).map((metric) => {
    const figures = { before: earlier?.get(metric), after: later?.get(metric) };
    const { protocol, higherIsBetter, measured } = figures.after ?? figures.before ?? blank;
    const shared = { recipe, model, task, metric, protocol, higherIsBetter, measured, ...figures };
    const missing = !after ? 'only before' : !before ? 'only after' : undefined;
    const note = failure ?? missing ?? obstacle ?? differentProtocol(figures.before, figures.after) ?? '';
    if (note !== '' || !isNumber(figures.before?.value) || !isNumber(figures.after?.value))
      return { ...shared, difference: undefined, sense: undefined, note };
    const difference = figures.after.value - figures.before.value;
    const isBetter = higherIsBetter ? difference > 0 : difference < 0;
    return { ...shared, difference, sense: difference === 0 ? 'near' : isBetter ? 'better' : 'worse', note: '' };
  });
}

function differentProtocol(before: FigureRow | undefined, after: FigureRow | undefined): string | undefined {
  return before && after && before.protocol !== after.protocol ? 'not comparable: another protocol' : undefined;
}

/** What keeps two cells from being compared; what only one of them says is no obstacle. */
function findObstacle(before: Cell, after: Cell): string | undefined {
  const names = Object.keys(before.basis).filter((name) => name in after.basis);
  const other = names.filter((name) => before.basis[name] !== after.basis[name]);
  return other.length > 0 ? `not comparable: other ${other.join(', ')}` : undefined;
}

export interface FactPair {
  what: string;
  of: string;
  before: string;
  after: string;
}

/** Facts that are not the same in both. Of a recipe, model, task or file that only one run has, the first fact stands for all. */
export function differFacts(before: RunFigures, after: RunFigures): FactPair[] {
  const runs = [before, after].map(({ facts }) => ({
    values: new Map(facts.map(([what, of, value]) => [JSON.stringify([what, of]), value])),
    things: new Set(facts.map(([, of]) => of)),
  }));
  const [earlier, later] = runs;
  if (!earlier || !later) return [];
  const told = new Set<string>();
  return [...new Set([...later.values.keys(), ...earlier.values.keys()])].flatMap((key): FactPair[] => {
    const [what = '', of = ''] = JSON.parse(key) as string[];
    const pair = { what, of, before: earlier.values.get(key) ?? '–', after: later.values.get(key) ?? '–' };
    const isInBoth = earlier.things.has(of) && later.things.has(of);
    if (pair.before === pair.after || (!isInBoth && told.has(of))) return [];
    told.add(of);
    return [pair];
  });
}

function nameCell({ model, recipe, task }: Cell): string {
  return JSON.stringify([model, recipe, task]);
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number';
}
