/** A link that stays beside the page: an address with a scheme or a host of its own, `javascript:` say, is none. */
export function linkTo(href: string | undefined): string | undefined {
  if (href === undefined || href === '') return undefined;
  return /^[\s\u0000-\u001f]*(?:[a-z][a-z\d+.-]*:|[\\/]{2})/i.test(href) ? undefined : href;
}
