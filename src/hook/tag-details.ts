// Turns an annotated tag into what the push event says of it. Pure: no git, no network.
import type { TagDetails } from '../core/commit-event.ts';
import { fitMessage } from '../core/event-limits.ts';
import { decodeText, textMember } from '../core/text.ts';
import { parseIdentity, parseObjectText } from './object-text.ts';
import type { GitObject } from './objects.ts';

/** Describes an annotated tag. */
export function describeTag({
  content,
  isCut,
}: GitObject): TagDetails & Required<Pick<TagDetails, 'tagger' | 'email' | 'date'>> {
  const { headers, message } = parseObjectText(content);
  const tagger = parseIdentity(headers.get('tagger')?.[0] ?? '');
  const { members, isWhole } = fitMessage(message, (kept) => textMember('message', decodeText(kept)));
  return {
    ...textMember('tagger', tagger.name),
    ...textMember('email', tagger.email),
    date: tagger.date,
    ...members,
    ...(isCut || !isWhole ? { messageTruncated: true } : {}),
  };
}
