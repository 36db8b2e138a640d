const named: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\char34{}',
  '`': '\\textasciigrave{}',
  "'": '\\textquotesingle{}',
  '\u2212': '$-$',
  '\u2013': '\\textendash{}',
  '\u00b1': '$\\pm$',
  '\u00b7': '$\\cdot$',
  '\u00d7': '$\\times$',
  '\u00f7': '$\\div$',
  '\u0394': '$\\Delta$',
  '\u03b1': '$\\alpha$',
  '\u1d40': '$^{\\top}$',
  '\u2191': '$\\uparrow$',
  '\u2193': '$\\downarrow$',
  '\u2248': '$\\approx$',
  '\u221e': '$\\infty$',
  '\u2020': '$^{\\dagger}$',
};

/**
 * Text as LaTeX prints it, letter for letter, in one line: nothing of it is a command, a comment or a column. Needs
 * a LaTeX from 2020 on; letters beyond Latin need LuaLaTeX or XeLaTeX.
 */
export function escapeLatex(text: string): string {
  return (
    text
      // Control characters are invalid input; the directions of bidirectional text could show a name as another one.
      .replace(/[\s\p{Cc}]+/gu, ' ')
      .replace(/\p{Cf}/gu, '')
      .trim()
      .replace(
        /[\\~^<>|"`'\u2212\u2013\u00b1\u00b7\u00d7\u00f7\u0394\u03b1\u1d40\u2191\u2193\u2248\u221e\u2020]|[{}$&#%_]/g,
        (one) => named[one] ?? `\\${one}`,
      )
      // Two hyphens are a dash in TeX's fonts, `?` and `!` before a grave another letter.
      .replace(/-(?=-)/g, '-{}')
      // Behind the end of a line these would be its star or its option.
      .replace(/^[[*]/, '{$&}')
  );
}
