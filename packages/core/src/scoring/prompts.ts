import { LowbitError } from '../errors.js';
import type { ChatMessage, ChatTemplate } from '../model/chat-template.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { Example, FewShot, Request, Task } from '../task.js';
import type { ExampleDrawer } from './few-shot.js';

/**
 * How a prompt becomes a chat: each example as turns of its own, or all text but the instruction as one user turn (the
 * harness's `--apply_chat_template` with and without `--fewshot_as_multiturn`).
 */
export const chatTurns = ['multi-turn', 'single-turn'] as const;
export type ChatTurns = (typeof chatTurns)[number];

export interface Chat {
  template: ChatTemplate;
  turns: ChatTurns;
}

/** How a run asks for a template, with the model's own; CHAT_TEMPLATE where it has none. */
export function openChat(
  turns: ChatTurns | undefined,
  { chatTemplate }: Pick<Tokenizer, 'chatTemplate'>,
  model: string,
): Chat | undefined {
  if (turns === undefined) return undefined;
  if (chatTemplate) return { turns, template: chatTemplate };
  throw new LowbitError(
    'CHAT_TEMPLATE',
    `Expected a chat template with the tokenizer of ${model}, found none; leave --chat-template out, or put the model's own chat_template.jinja beside its tokenizer.`,
  );
}

/** A turn, and what joins it to the next one where there is no template. */
interface Turn extends ChatMessage {
  delimiter: string;
}

/**
 * The requests of each document, with instruction and examples before the context, as text or by a chat template. A
 * text that is scored whole has no prompt and stays as it is.
 */
export function buildRequests(
  task: Task,
  docs: readonly unknown[],
  drawExamples: ExampleDrawer,
  chat?: Chat,
): Request[][] {
  return docs.map((doc) => {
    const examples = drawExamples(doc);
    const before = [...instruct(task.instruction?.(doc)), ...examples.flatMap((each) => toTurns(each, task.fewShot))];
    const prompts = new Map<string, string>();
    const prompt = (question: string): string => {
      let text = prompts.get(question);
      if (text === undefined) prompts.set(question, (text = join([...before, ask(question)], chat)));
      return text;
    };
    return task.requests(doc).map((request): Request => {
      if (request.kind === 'generate') return { ...request, prompt: prompt(request.prompt) };
      if (request.kind !== 'logLikelihood') return request;
      const { context, continuation } = request;
      return {
        ...request,
        context: prompt(context),
        continuation: chat ? dropStart(continuation, task.targetDelimiter ?? '') : continuation,
      };
    });
  });
}

function instruct(instruction = ''): Turn[] {
  return instruction === '' ? [] : [{ role: 'system', content: instruction, delimiter: '' }];
}

function ask(question: string, delimiter = ''): Turn {
  return { role: 'user', content: question, delimiter };
}

function toTurns({ question, answer }: Example, fewShot: FewShot | undefined): Turn[] {
  const { targetDelimiter = ' ', delimiter = '\n\n' } = fewShot ?? {};
  if (answer === '') return [ask(question)];
  return [ask(question, targetDelimiter), { role: 'assistant', content: answer, delimiter }];
}

function join(turns: readonly Turn[], chat: Chat | undefined): string {
  if (!chat) return toText(turns);
  if (chat.turns === 'multi-turn') return chat.template.render(turns.map(({ role, content }) => ({ role, content })));
  const system = turns.filter(({ role }) => role === 'system').map(({ role, content }) => ({ role, content }));
  const rest = toText(turns.slice(system.length));
  return chat.template.render([...system, { role: 'user', content: rest }]);
}

function toText(turns: readonly Turn[]): string {
  return turns.map(({ content, delimiter }) => content + delimiter).join('');
}

function dropStart(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : text;
}
