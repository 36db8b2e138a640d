/** The marks of a series: the page's legend and the plots use the same ones. */
export interface SeriesStyle {
  /** A variable of the page's style sheet, so that one picture serves light, dark and paper. */
  colour: string;
  dash: number[];
  /** Vega's name of the point's shape, and the same shape as a path about 8 pixels wide around the origin. */
  shape: string;
  outline: string;
}

const colourCount = 8;
const dashes = [[], [6, 3], [2, 3], [8, 3, 2, 3]];
const shapes = [
  { shape: 'circle', outline: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0' },
  { shape: 'square', outline: 'M-3.6-3.6h7.2v7.2h-7.2z' },
  { shape: 'triangle-up', outline: 'M0-4.6L4.4 3.6H-4.4z' },
  { shape: 'diamond', outline: 'M0-4.8L4.4 0L0 4.8L-4.4 0z' },
  { shape: 'triangle-down', outline: 'M0 4.6L4.4-3.6H-4.4z' },
] as const;

/** Colour, dash and shape repeat at different lengths, so that a series is told apart without its colour. */
export function styleSeries(index: number): SeriesStyle {
  const { shape, outline } = shapes[index % shapes.length] ?? shapes[0];
  return {
    colour: `var(--series-${(index % colourCount) + 1})`,
    dash: dashes[index % dashes.length] ?? [],
    shape,
    outline,
  };
}
