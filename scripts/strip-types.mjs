// Lets Node run TypeScript tests by blanking out their types. tap's own loader starts a compiler in every test process
// instead (1 s each), so it is told to stay out.
import { register } from 'node:module';

process.env.TAP_TYPE_STRIP_ONLY = '1';
register('./strip-types-hooks.mjs', import.meta.url);
