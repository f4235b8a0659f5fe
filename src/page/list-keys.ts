// Moving through the list by keyboard: one row at a time is a stop of the Tab key, keys move on from there.

const STEPS: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

// What neither scrolls nor opens.
const LETTERS: ReadonlySet<string> = new Set(['j', 'k']);

/** Listens on the list; rows come and go. */
export function addListKeys(container: HTMLElement): void {
  container.addEventListener('keydown', (event) => {
    const row = event.target instanceof Element ? event.target.closest<HTMLLIElement>('li.row') : null;
    if (row === null || event.ctrlKey || event.metaKey || event.altKey) return;
    // Why: inside a row all other keys are those of what has the focus there, to open it and to scroll.
    if (row !== event.target && !LETTERS.has(event.key)) return;
    if (act(container, row, event.key)) event.preventDefault();
  });
  container.addEventListener('focusin', (event) => {
    if (event.target instanceof HTMLLIElement) makeStop(container, event.target);
  });
}

/** Makes the uppermost row the stop, unless the reader is in the list. */
export function resetStop(container: HTMLElement): void {
  if (container.contains(document.activeElement)) return;
  const [first] = visibleRows(container);
  if (first) makeStop(container, first);
}

function act(container: HTMLElement, row: HTMLLIElement, key: string): boolean {
  const rows = visibleRows(container);
  const step = STEPS[key];
  if (step !== undefined) rows[rows.indexOf(row) + step]?.focus();
  else if (key === 'Home') rows[0]?.focus();
  else if (key === 'End') rows.at(-1)?.focus();
  else if (key === 'Enter' || key === 'o') row.querySelector('details')?.toggleAttribute('open');
  else return false;
  return true;
}

function makeStop(container: HTMLElement, row: HTMLElement): void {
  for (const other of container.querySelectorAll('li.row[tabindex="0"]'))
    other.setAttribute('tabindex', '-1');
  row.tabIndex = 0;
}

function visibleRows(container: HTMLElement): HTMLLIElement[] {
  return [...container.querySelectorAll<HTMLLIElement>('li.row:not([hidden])')];
}
