import { createHash } from 'node:crypto';

const longest = 60;

/** A name for a file or an anchor: as it is where that is plain, else what is left of it with a hash, so that no two are alike. */
export function slugify(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  if (plain === name && plain !== '' && plain.length <= longest) return plain;
  return `${plain.slice(0, longest)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`.replace(/^-/, '');
}
