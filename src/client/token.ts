// The token that requests show: a text, or where one is had anew each time. Never quoted in any message.
import { GitPubSubError } from '../core/errors.ts';
import { describeError } from './answer.ts';

/**
 * A token, or what gives it: asked before every request, so that a token that was replaced counts from then on. White space
 * around it is left out, so `() => readFile(path, 'utf8')` will do.
 */
export type Token = string | (() => string | Promise<string>);

// As the broker takes one, and far beyond the length of any.
const TOKEN = /^[\x21-\x7e]{1,4096}$/;

/** The text of a token as it is now. @throws GitPubSubError `unreadable-input` */
export async function currentToken(token: Token): Promise<string> {
  const text = (typeof token === 'string' ? token : await ask(token)).trim();
  if (isToken(text)) return text;
  throw new GitPubSubError('unreadable-input', `The token ${describeBadToken(text)}.`);
}

/** Whether a text can be a token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** What is wrong with a text that is none, to stand after what it is; tells nothing of it. */
export function describeBadToken(text: string): string {
  return text === ''
    ? 'is empty'
    : 'is no token; allowed is one word of at most 4,096 visible ASCII characters';
}

async function ask(token: () => string | Promise<string>): Promise<string> {
  try {
    return await token();
  } catch (error) {
    if (error instanceof GitPubSubError) throw error;
    throw new GitPubSubError('unreadable-input', `The token can't be had: ${describeError(error)}`, {
      cause: error,
    });
  }
}
