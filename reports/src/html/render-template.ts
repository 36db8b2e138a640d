import Handlebars from 'handlebars';

/** Template source and the parts that it names; text is escaped by Handlebars, and a field that is not there throws. */
export function compileTemplate<View>(source: string, partials: Record<string, string>): (view: View) => string {
  const engine = Handlebars.create();
  engine.registerPartial(partials);
  return engine.compile<View>(source, { strict: true, knownHelpersOnly: true });
}
