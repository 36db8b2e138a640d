import type { LayerShift, RunChange, RunDifference, RunLabel } from '@lowbit/core';
import { formatInstant } from '../format-instant.js';
import { formatFixed, formatSignificant } from '../format-number.js';
import { figureWords } from './describe-difference.js';
import { isHash } from './hash.js';
import { linkTo } from './link-to.js';
import { formatShift } from './format-figures.js';

/** What can have moved a figure, and the linears that moved. */
export interface ChangesView {
  before: LabelView;
  after: LabelView;
  changes: { what: string; of: string; before: ValueView; after: ValueView }[];
  /** How many more moved. */
  layersLeftOut: number;
  /** The first of them, and the others, which are folded. */
  layers: LayerView[];
  otherLayers: LayerView[];
}

interface LayerView {
  recipe: string;
  model: string | null;
  layer: string;
  figure: string;
  before: string;
  after: string;
  shift: string;
}

const firstLayers = 12;

export interface LabelView {
  name: string;
  created: string;
  href: string | null;
}

interface ValueView {
  text: string;
  /** Shown short, whole when copied. */
  isHash: boolean;
}

export function viewChanges({ before, after, changes, layers, layersLeftOut = 0 }: RunDifference): ChangesView {
  const severalModels = new Set(layers.map(({ model }) => model)).size > 1;
  const shown = layers.map((layer) => ({ ...viewLayer(layer), model: severalModels ? layer.model : null }));
  return {
    before: viewLabel(before),
    after: viewLabel(after),
    changes: changes.map(viewChange),
    layersLeftOut,
    layers: shown.slice(0, firstLayers),
    otherLayers: shown.slice(firstLayers),
  };
}

export function viewLabel({ name, created, href }: RunLabel): LabelView {
  return { name, created: formatInstant(created), href: linkTo(href) ?? null };
}

function viewChange({ what, of, before, after }: RunChange) {
  return { what, of: of || '–', before: viewValue(before), after: viewValue(after) };
}

function viewValue(value: string | undefined): ValueView {
  return { text: value ?? '–', isHash: isHash(value ?? '') };
}

function viewLayer({ recipe, layer, figure, before, after }: LayerShift) {
  const format = (value: number | undefined): string =>
    value === undefined
      ? '–'
      : figure === 'bitsPerWeight'
        ? formatFixed(value, 3)
        : `${formatSignificant(value * 100)} %`;
  const shift = formatShift(before, after);
  return {
    recipe,
    layer,
    figure: figureWords[figure],
    before: format(before),
    after: format(after),
    shift: shift ?? '–',
  };
}
