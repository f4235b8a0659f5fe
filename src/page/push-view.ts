// What the page shows of a push: one ref that was created, moved or deleted.
import type { PushDetails } from '../core/commit-event.ts';
import { withoutGaps, type EventText, type Tone } from './event-text.ts';
import { countOf, shortHash, shortRef } from './refs.ts';
import { toRecord, toText, toTexts } from './unknown-value.ts';

type Members = Readonly<Partial<Record<keyof PushDetails, unknown>>>;

/** Reads the member `push` of an event. */
export function pushView(push: Members): EventText {
  const { tone, label } = look(push);
  const tag = toRecord(push.tag);
  return {
    tone,
    label,
    project: toText(push.project),
    ref: shortRef(toText(push.ref)),
    shortHash: push.action === 'created' ? shortHash(toText(push.after)) : '',
    title: describe(push),
    by: toText(push.pusher) || toText(tag?.['tagger']),
    more: 'details',
    facts: facts(push, tag),
    text: toText(tag?.['message']).trim(),
    files: [],
    isCut: false,
  };
}

const NOUNS: Readonly<Record<string, string>> = { branch: 'branch', tag: 'tag' };

// Force pushes and deletions look alike for branches and tags: they are what a reader must not overlook.
function look(push: Members): { tone: Tone; label: string } {
  const noun = NOUNS[toText(push.type)] ?? 'ref';
  switch (push.action) {
    case 'deleted':
      return { tone: 'deleted', label: `${noun} deleted` };
    case 'forced':
      return { tone: 'forced', label: noun === 'branch' ? 'force push' : `${noun} moved` };
    case 'created':
      if (noun === 'tag') return { tone: 'tag', label: 'tag' };
      return { tone: 'created', label: `new ${noun}` };
    default:
      return { tone: noun === 'tag' ? 'tag' : 'push', label: noun === 'branch' ? 'push' : `${noun} moved` };
  }
}

function describe(push: Members): string {
  const [before, after] = [shortHash(toText(push.before)), shortHash(toText(push.after))];
  const count = typeof push.commits === 'number' ? push.commits : 0;
  const none = push.commitsTruncated === true ? 'commits not listed' : 'no new commits';
  const commits = count === 0 ? none : countOf(count, 'new commit');
  const message = toText(toRecord(push.tag)?.['message']).trim();
  switch (push.action) {
    case 'deleted':
      return before === '' ? 'what it named is not told' : `was at ${before}`;
    case 'forced':
      return push.type === 'tag'
        ? `${before} → ${after}`
        : `history rewritten, ${before} → ${after}, ${commits}`;
    case 'created':
      if (push.type === 'tag') return message.split('\n', 1)[0] || `names ${after}`;
      return commits;
    default:
      return `${before} → ${after}, ${commits}`;
  }
}

function facts(push: Members, tag: Readonly<Record<string, unknown>> | undefined): EventText['facts'] {
  const all: EventText['facts'] = [
    ['Ref', toText(push.ref)],
    ['Before', zeroless(push.before)],
    ['After', zeroless(push.after)],
    ['Pusher', toText(push.pusher)],
    ['Tagger', toText(tag?.['tagger']), toText(tag?.['date'])],
    ['Push options', toTexts(push.pushOptions).join(', ')],
    ['Missing', push.commitsMissing === true ? 'commits may be missing: objects were gone' : ''],
    ['Not listed', push.commitsTruncated === true ? 'commits beyond those that the sender told of' : ''],
  ];
  return all.map(withoutGaps).filter(({ length }) => length > 1);
}

function zeroless(hash: unknown): string {
  const text = toText(hash);
  return shortHash(text) === '' ? '' : text;
}
