import { drawLayers } from './draw-vega.js';
import type { ForestModel } from './forest-model.js';

const rowHeight = 17;

/** A line a recipe: its difference to float, filled where told apart, with the interval. */
export function drawForest(model: ForestModel): Promise<string> {
  const rows = model.rows.map(({ sense, isTold, ...row }) => {
    const colour = isTold ? `var(--${sense})` : 'var(--muted)';
    return { ...row, colour, fill: isTold ? colour : 'var(--ground)' };
  });
  const data = { values: rows };
  const x = {
    field: 'difference',
    type: 'quantitative' as const,
    scale: { type: model.scale, domain: model.domain, nice: false },
    // A logarithmic axis would choose one prefix for all its labels.
    axis: { values: model.ticks, labelExpr: "format(datum.value, '~s')", title: model.unit, grid: true },
  };
  const y = {
    field: 'recipe',
    type: 'nominal' as const,
    sort: null,
    axis: { title: null, domain: false, labelLimit: 150, minExtent: 110, maxExtent: 160, labelColor: 'var(--ink)' },
  };
  const stroke = { field: 'colour', type: 'nominal' as const, scale: null };
  return drawLayers({ width: 240, height: rowHeight * rows.length }, [
    {
      data: { values: [{ zero: 0 }] },
      mark: { type: 'rule', stroke: 'var(--muted)', strokeDash: [3, 3] },
      encoding: { x: { ...x, field: 'zero' } },
    },
    {
      data,
      mark: { type: 'rule', strokeWidth: 1.5 },
      encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, stroke },
    },
    {
      data,
      mark: { type: 'point', shape: 'circle', size: 48, strokeWidth: 1.5, opacity: 1 },
      encoding: { x, y, stroke, fill: { field: 'fill', type: 'nominal', scale: null } },
    },
  ]);
}
