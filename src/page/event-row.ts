// One event or notice as a list item.
import { make } from './dom.ts';
import type { Entry, Notice } from './entry.ts';
import { searchText, type EventView } from './event-view.ts';
import { agoText, fullTime } from './times.ts';

/** A row of the list. */
export interface Row {
  readonly element: HTMLLIElement;
  readonly timeMs: number;
  /** Of the event; `undefined` for a notice. */
  readonly cursor: string | undefined;
  /** What a filter looks at. */
  readonly text: string;
  /** Says anew how long ago it was. */
  refresh(nowMs: number): void;
}

/** Makes the row of an entry. */
export function createRow(entry: Entry, nowMs: number): Row {
  return entry.kind === 'event' ? eventRow(entry.view, nowMs) : noticeRow(entry.notice, nowMs);
}

function eventRow(view: EventView, nowMs: number): Row {
  const ago = createAgo(view.timeMs);
  const element = make('li', {
    class: 'row',
    attributes: { tabindex: '-1', 'data-tone': view.tone },
    children: [
      ago.element,
      make('span', { class: 'label', text: view.label }),
      make('div', { class: 'what', children: [headline(view), createDetails(view)] }),
    ],
  });
  ago.refresh(nowMs);
  return { element, timeMs: view.timeMs, cursor: view.cursor, text: searchText(view), refresh: ago.refresh };
}

function noticeRow({ label, words, timeMs }: Notice, nowMs: number): Row {
  const ago = createAgo(timeMs);
  const element = make('li', {
    class: 'row',
    attributes: { tabindex: '-1', 'data-tone': 'gap' },
    children: [
      ago.element,
      make('span', { class: 'label', text: label }),
      make('p', { class: 'what', text: words }),
    ],
  });
  ago.refresh(nowMs);
  return {
    element,
    timeMs,
    cursor: undefined,
    text: `${label}\n${words}`.toLowerCase(),
    refresh: ago.refresh,
  };
}

function headline({ project, ref, shortHash, title }: EventView): HTMLElement {
  const parts = [
    optional('b', 'project', project),
    optional('span', 'ref', ref),
    optional('code', 'hash', shortHash),
    make('span', { class: 'title', text: title }),
  ].filter((part) => part !== undefined);
  // Blanks between them, or a screen reader would make one word of all.
  const children = parts.flatMap((part) => [part, document.createTextNode(' ')]);
  return make('p', { class: 'headline', children });
}

function optional(tag: 'b' | 'span' | 'code', name: string, text: string): HTMLElement | undefined {
  return text === '' ? undefined : make(tag, { class: name, text });
}

// What it holds is made when it is opened for the first time: a thousand rows may have a thousand files each.
function createDetails(view: EventView): HTMLDetailsElement {
  const details = make('details', {
    children: [
      make('summary', {
        children: [
          make('span', { class: 'by', children: apart([view.by, view.more], ' · ') }),
          make('span', { class: 'full', text: fullTime(view.timeMs), attributes: { 'aria-hidden': 'true' } }),
        ],
      }),
    ],
  });
  details.addEventListener('toggle', () => details.append(...createContents(view)), { once: true });
  return details;
}

function createContents(view: EventView): HTMLElement[] {
  const facts = [['Published', fullTime(view.timeMs)], ...view.facts, ['Topic', view.topic]] as const;
  const terms = facts.flatMap(([name, ...parts]) => [
    make('dt', { text: name }),
    make('dd', { children: apart(parts, ' ') }),
  ]);
  const files = view.files.map((path) => make('li', { children: [make('code', { text: path })] }));
  return [
    make('dl', { children: terms }),
    ...(view.text === '' ? [] : [make('pre', { text: view.text, attributes: { tabindex: '0' } })]),
    ...(files.length === 0 ? [] : [make('ul', { class: 'files', children: files })]),
    ...(view.isCut ? [make('p', { class: 'note', text: 'There are more files than the event lists.' })] : []),
  ];
}

// Texts beside each other that others chose: none may turn the direction of the next one around.
function apart(texts: readonly string[], separator: string): Node[] {
  const parts = texts.filter((text) => text !== '').map((text) => make('bdi', { text }));
  return parts.flatMap((part, index) => (index === 0 ? [part] : [document.createTextNode(separator), part]));
}

function createAgo(timeMs: number): { element: HTMLTimeElement; refresh: (nowMs: number) => void } {
  const element = make('time', {
    class: 'ago',
    attributes: { datetime: new Date(timeMs).toISOString(), title: fullTime(timeMs) },
  });
  const refresh = (nowMs: number): void => {
    const text = agoText(timeMs, nowMs);
    if (element.textContent !== text) element.textContent = text;
  };
  return { element, refresh };
}
