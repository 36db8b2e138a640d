import { gunzipSync } from 'node:zlib';
import { LowbitError, reasonOf } from './errors.js';

const block = 512;

/**
 * The regular files of a tar archive (POSIX ustar), gzipped or not, by path. Read whole from memory, which a package
 * for tar does not offer without a stream; links, sparse files and long GNU or pax names are refused, not guessed.
 */
export function readTar(archive: Buffer, name: string): Map<string, Buffer> {
  const bytes = unzip(archive, name);
  const files = new Map<string, Buffer>();
  for (let at = 0; at + block <= bytes.length && bytes[at] !== 0;) {
    const header = bytes.subarray(at, at + block);
    const path = [textAt(header, 345, 155), textAt(header, 0, 100)].filter((part) => part !== '').join('/');
    const size = octalAt(header, 124, 12);
    const end = at + block + size;
    if (octalAt(header, 148, 8) !== checksum(header)) throw malformed(name, `the header of '${path}' is damaged`);
    if (end > bytes.length) throw malformed(name, `'${path}' is cut off`);
    const kind = textAt(header, 156, 1);
    if (kind === '' || kind === '0') files.set(path, bytes.subarray(at + block, end));
    else if (kind !== '5') throw malformed(name, `'${path}' is no regular file (type ${kind})`);
    at = at + block + Math.ceil(size / block) * block;
  }
  return files;
}

function unzip(bytes: Buffer, name: string): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (cause) {
    throw malformed(name, reasonOf(cause), cause);
  }
}

/** The sum of the header's bytes, its own field counted as spaces. */
function checksum(header: Buffer): number {
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0);
}

function textAt(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('utf8');
}

function octalAt(header: Buffer, start: number, length: number): number {
  return Number.parseInt(textAt(header, start, length).trim() || '0', 8);
}

function malformed(name: string, reason: string, cause?: unknown): LowbitError {
  return new LowbitError(
    'TASK_DATA',
    `${name} should be a tar archive, but it cannot be read (${reason}); get the official file again.`,
    { cause },
  );
}
