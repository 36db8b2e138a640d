import { LowbitError } from '../errors.js';
import type { Tokenizer } from '../model/tokenizer.js';
import { echo, llamaCompletion, promptLogprobs, textGeneration, wrong } from './server-forms.js';
import type { AnswerForm, ServerConnection } from './server-forms.js';

const forms: readonly AnswerForm[] = [promptLogprobs, echo, llamaCompletion, textGeneration];
const sentence = 'The capital of France is Paris, and the capital of Italy is Rome.';
/** Between two passes over one prefix: batches and half precision move a log-probability by a few hundredths. */
const samePrefix = 0.2;

/** The first form that the server answers in; SERVER_ANSWER, with what each gave, where there is none, or it gives nonsense. */
export async function findForm(server: ServerConnection, tokenizer: Tokenizer): Promise<AnswerForm> {
  const ids = tokenizer.encode(sentence, { special: true });
  const refusals: string[] = [];
  for (const form of forms) {
    let texts: (string | undefined)[];
    try {
      ({ texts } = await form.score(server, ids, 1));
    } catch (error) {
      const isUnanswered = error instanceof LowbitError && error.code !== 'SERVER_ANSWER' && error.cause !== undefined;
      // A server that cannot be reached, or takes too long, is no sign of another form.
      if (!(error instanceof LowbitError) || isUnanswered) throw error;
      refusals.push(`${form.name}: ${error.message}`);
      continue;
    }
    checkTexts(server, texts, ids);
    await checkAlignment(server, form, ids);
    return form;
  }
  throw new LowbitError(
    'SERVER_ANSWER',
    `Expected ${server.url} to give log-probabilities of prompts in a form that Lowbit knows, got none (${refusals.join(' | ')}); use a server that does (docs/outside-models.md).`,
  );
}

/**
 * The likeliest next token cannot depend on the token that came. Servers that tell each token's log-probability one place
 * too late fail this, and one that reads other ids than it was handed does so for some.
 */
async function checkAlignment(server: ServerConnection, form: AnswerForm, ids: Int32Array): Promise<void> {
  const last = ids.length - 1;
  const tops: (number | undefined)[] = [];
  for (const id of [ids[last], ids[1], ids[2]]) {
    const changed = ids.slice();
    changed[last] = id;
    tops.push((await form.score(server, changed, last)).top[0]);
  }
  const known = tops.filter((top) => top !== undefined);
  if (Math.max(...known) - Math.min(...known) <= samePrefix || known.length === 0) return;
  throw wrong(
    server.url,
    'the same likeliest next token whatever token follows',
    known.map((top) => top.toFixed(3)).join(', '),
    'its log-probabilities belong to other tokens, so use another server',
  );
}

/** A tokenizer of another model gives ids that the server takes for other words. Spaces are spelled in several ways. */
function checkTexts(
  { url, tokenizer }: ServerConnection,
  texts: readonly (string | undefined)[],
  ids: Int32Array,
): void {
  const bare = (text: string): string => text.replace(/[\s\u2581\u0120]/g, '');
  texts.forEach((text, index) => {
    const own = tokenizer.decode([ids[index + 1]]);
    if (text === undefined || bare(text) === bare(own)) return;
    if (text === `token_id:${ids[index + 1]}`) return;
    throw wrong(
      url,
      `token ${ids[index + 1]} to be '${own}' as in the tokenizer here`,
      `'${text}'`,
      'name the folder of the served model behind tokenizer=',
    );
  });
}
