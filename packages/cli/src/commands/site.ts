import { join } from 'node:path';
import { exitStatus } from '../exit-status.js';
import { buildSite } from '../site/build-site.js';

/** `lowbit site RUN_OR_FOLDER... -o DIR`: a static site of many runs, which a file browser or any web server shows. */
export async function site(
  folders: readonly string[],
  { output, title }: { output: string; title: string },
): Promise<number> {
  const { runs, rendered, reused, removed, leftOut } = await buildSite(folders, output, title);
  for (const { folder, reason } of leftOut) process.stderr.write(`Left out ${folder}: ${reason}\n`);
  process.stdout.write(
    `${join(output, 'index.html')}: ${runs} runs; ${rendered} parts rendered, ${reused} unchanged, ${removed} removed, ${leftOut.length} left out\n`,
  );
  return exitStatus.done;
}
