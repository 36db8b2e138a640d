import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { runLowbit } from '../../packages/cli/test/run-lowbit.js';

t.setTimeout(300_000);

const guide = await readFile(new URL('README.md', import.meta.url), 'utf8');
const commands = [...guide.matchAll(/^npx lowbit (.*)$/gm)].map(([, words = '']) => words);

/** What each command of the guide says, as it ends. */
const says: Record<string, RegExp> = {
  'reproduce list': /^gptq-t3\b/m,
  'reproduce gptq-t3 --dry-run': /facebook\/opt-125m/,
  "reproduce gptq-t3 --models MODELS --data DATA --rows 'opt-125m'": /not run/,
  'reproduce stories260k -o runs/reproduce/stories260k': /^14 rows: 14 within their tolerance\.$/m,
};

t.test('the commands of the guide do what it says', async (t) => {
  const folder = t.testdir({ MODELS: {}, DATA: {} });
  t.same(commands, Object.keys(says));
  for (const command of commands) {
    const words = (command.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ''));
    const { status, stdout, stderr } = await runLowbit(words, { cwd: folder });
    t.equal(status, 0, `${command}: ${stderr}`);
    t.match(stdout, says[command] ?? /^$/, command);
  }
  const files = ['html', 'csv', 'md', 'tex', 'json'].map(
    (ending) => `runs/reproduce/stories260k/reproduction.${ending}`,
  );
  for (const file of files) t.ok((await readFile(join(folder, file))).length > 0, file);
});
