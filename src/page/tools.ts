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
  const fields = FILTER_NAMES.map((name) => form.elements.namedItem(name)).filter(isField);
  for (const field of fields) field.value = params.get(field.name) ?? '';
  find('active-filters', HTMLElement).textContent = describeFilters(params);
  const open = (values: ReadonlyMap<string, string>): void =>
    place.assign(place.pathname + filteredSearch(place.search, values));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    // Why only those: a key may have several values in the address, of which its field shows the first.
    const changed = fields.filter(({ name, value }) => value !== (params.get(name) ?? ''));
    open(new Map(changed.map(({ name, value }) => [name, value])));
  });
  form.addEventListener('reset', (event) => {
    event.preventDefault();
    open(new Map(FILTER_NAMES.map((name) => [name, ''])));
  });
}

function describeFilters(params: URLSearchParams): string {
  const names = [...FILTER_NAMES, 'topic'];
  return names.flatMap((name) => params.getAll(name).map((value) => `${name}=${value}`)).join(' ');
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
