import { createHash } from 'node:crypto';
import { LowbitError, reasonOf } from '../errors.js';
import { isJsonObject } from './json.js';
import type { JsonObject } from './json.js';

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** How the model was taught to see a conversation. */
export interface ChatTemplate {
  /** Of the template's text. */
  sha256: string;
  /** The conversation as text that ends where the assistant is to speak. Throws CHAT_TEMPLATE. */
  render(messages: readonly ChatMessage[]): string;
}

/**
 * The template's text as transformers finds it: `chat_template.jinja` before `chat_template` of tokenizer_config.json,
 * of several named ones `default`. Undefined where there is none.
 */
export function findChatTemplate(file: string | undefined, config: JsonObject): string | undefined {
  if (file !== undefined) return file;
  const given = config.chat_template;
  if (!Array.isArray(given)) return typeof given === 'string' ? given : undefined;
  const named = given.find((each) => isJsonObject(each) && each.name === 'default');
  return isJsonObject(named) && typeof named.template === 'string' ? named.template : undefined;
}

/** `apply` is the tokenizer's; a template that refuses a system message gets none, as in lm-evaluation-harness. */
export function createChatTemplate(text: string, apply: (messages: ChatMessage[]) => string): ChatTemplate {
  return {
    sha256: createHash('sha256').update(text).digest('hex'),
    render(messages) {
      const plain = messages.filter(({ role }) => role !== 'system');
      try {
        return apply([...messages]);
      } catch (cause) {
        if (plain.length < messages.length) return this.render(plain);
        throw new LowbitError(
          'CHAT_TEMPLATE',
          `The model's chat template should take user and assistant turns, but it cannot be applied (${reasonOf(cause)}); leave --chat-template out.`,
          { cause },
        );
      }
    },
  };
}
