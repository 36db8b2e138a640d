/** A page of a site with a way back to its list of runs; `root` is the way to the site's root, `../../`. */
export function addSiteLink(html: string, root: string): string {
  const links = `<nav class="site" aria-label="Site"><a href="${root}index.html">All runs</a><a href="${root}compare.html">Compare two runs</a></nav>\n`;
  const head = html.indexOf('<header class="head">');
  return head === -1 ? html : `${html.slice(0, head)}${links}${html.slice(head)}`;
}
