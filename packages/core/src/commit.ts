import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Commit of the checkout that holds `folder`, 12 digits, `+` behind it where tracked files were changed; undefined where the
 * folder is not tracked (an installed package inside another checkout), or there is no git. Never throws.
 */
export function findCommit(folder: string = fileURLToPath(new URL('..', import.meta.url))): string | undefined {
  try {
    git(folder, 'ls-files', '--error-unmatch', 'package.json');
    const status = git(folder, 'status', '--porcelain=v2', '--branch', '--untracked-files=no');
    const commit = /^# branch\.oid ([0-9a-f]{12})/m.exec(status)?.[1];
    return commit && `${commit}${/^[^#]/m.test(status) ? '+' : ''}`;
  } catch {
    return undefined;
  }
}

/** Variables of a surrounding git command, a hook's, would point it elsewhere. */
function git(folder: string, ...args: string[]): string {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  const env = { ...Object.fromEntries(inherited), GIT_OPTIONAL_LOCKS: '0' };
  return execFileSync('git', args, {
    ...{ cwd: folder, env, encoding: 'utf8', timeout: 5_000, stdio: ['ignore', 'pipe', 'ignore'] },
  });
}
