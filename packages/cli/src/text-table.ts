/** Rows of cells as aligned text: the first column to the left, the others to the right. */
export function alignTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ''))));
  return rows
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0, column === 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function pad(cell: string, size: number, left: boolean): string {
  const space = ' '.repeat(Math.max(0, size - width(cell)));
  return left ? cell + space : space + cell;
}

/** In characters as a reader counts them. */
function width(text: string): number {
  return [...text].length;
}

/** Rows of words, every column to the left. */
export function alignLeft(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map(({ length }) => length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => width(row[column] ?? ''))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0, true))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
