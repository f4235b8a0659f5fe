// The controls above the list: the way to other topics, filters on the server, the curl line.
import { curlLine, FILTER_NAMES, filteredSearch, topicTrail } from './addresses.ts';
import { find, make } from './dom.ts';

/** Shows the topic, each part with the way there, and names the page after it. */
export function showTopic(pathname: string): void {
  const trail = topicTrail(pathname);
  const links = trail.map(({ name, href }, index) =>
    make('a', {
      text: name,
      attributes: { href, ...(index === trail.length - 1 && { 'aria-current': 'page' }) },
    }),
  );
  const root = make('a', {
    text: 'all topics',
    attributes: { href: '/', ...(trail.length === 0 && { 'aria-current': 'page' }) },
  });
  find('trail', HTMLElement).replaceChildren(...[root, ...links].flatMap((link) => [link, ' ']));
  document.title = `${pathname} · GitPubSub`;
}

/** Lets the reader filter on the server: the page is opened anew with another query. */
export function addServerFilters(place: Location): void {
  const form = find('server-filters', HTMLFormElement);
  const params = new URLSearchParams(place.search);
  const fields = FILTER_NAMES.map((name) => [name, form.elements.namedItem(name)] as const);
  for (const [name, field] of fields) if (isField(field)) field.value = params.get(name) ?? '';
  const active = FILTER_NAMES.filter((name) => params.has(name));
  find('active-filters', HTMLElement).textContent = active
    .map((name) => `${name}=${params.get(name)}`)
    .join(' ');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const values = new Map(fields.map(([name, field]) => [name, isField(field) ? field.value : '']));
    place.assign(place.pathname + filteredSearch(place.search, values));
  });
  form.addEventListener('reset', (event) => {
    event.preventDefault();
    place.assign(
      place.pathname + filteredSearch(place.search, new Map(FILTER_NAMES.map((name) => [name, '']))),
    );
  });
}

/** Shows the matching command, to be copied. `tell` says whether that worked. */
export function addCurlLine(place: Location, tell: (words: string) => void): void {
  const code = find('curl-text', HTMLElement);
  const button = find('copy', HTMLButtonElement);
  code.textContent = curlLine(place);
  button.addEventListener('click', () => {
    void copy(code).then((isCopied) => {
      button.textContent = isCopied ? 'Copied' : 'Selected: copy it by keyboard';
      tell(button.textContent);
    });
  });
}

function isField(field: unknown): field is HTMLInputElement | HTMLSelectElement {
  return field instanceof HTMLInputElement || field instanceof HTMLSelectElement;
}

// Where the clipboard is not given to pages (plain HTTP from elsewhere), the text is at least selected.
async function copy(element: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return false;
  }
}
