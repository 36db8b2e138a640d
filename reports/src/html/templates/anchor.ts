/** A link to where it stands, shown when the heading or row is pointed at or the link has the focus. */
export const anchor = `<a class="anchor" href="#{{id}}" aria-label="Link to {{label}}"></a>`;
