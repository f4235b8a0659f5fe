// A commit's message as members of its event: subject and body divided as git does it, and cut where it is too long.
import { fitMessage } from './event-limits.ts';
import { decodeText, textMember, trimEnd, type TextMember } from './text.ts';

/** The members that hold a commit's message. */
export type MessageMembers = TextMember<'subject'> &
  TextMember<'body'> &
  TextMember<'log'> & { readonly logTruncated?: true };

/** Describes a message; `isCut` says that it was longer than what is given. */
export function describeMessage(message: Buffer, isCut: boolean, encoding?: string): MessageMembers {
  const { members, isWhole } = fitMessage(message, (kept) => divideMessage(kept, encoding));
  return isCut || !isWhole ? { ...members, logTruncated: true } : members;
}

function divideMessage(message: Buffer, encoding: string | undefined): MessageMembers {
  const { subject, body } = divide(message.toString('latin1'));
  return {
    ...textMember('subject', decodeText(Buffer.from(subject, 'latin1'), encoding)),
    ...textMember('body', decodeText(Buffer.from(body, 'latin1'), encoding)),
    ...textMember('log', decodeText(message, encoding)),
  };
}

// Works on bytes, one character each, so that subject and body keep their exact bytes too.
function divide(message: string): { subject: string; body: string } {
  const lines = message.split('\n');
  const start = findLine(lines, 0, false);
  const end = findLine(lines, start, true);
  const body = findLine(lines, end, false);
  return { subject: lines.slice(start, end).map(trimEnd).join(' '), body: lines.slice(body).join('\n') };
}

// The first line from `from` on that is blank, or is not; the end if there is none.
function findLine(lines: readonly string[], from: number, isBlank: boolean): number {
  for (let index = from; index < lines.length; index++) {
    if ((trimEnd(lines[index] ?? '') === '') === isBlank) return index;
  }
  return lines.length;
}
