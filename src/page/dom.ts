// Making and finding elements. Text goes in as text: nothing here or elsewhere makes HTML of a string.

/** What an element is made with. */
export interface ElementParts {
  readonly class?: string;
  readonly text?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly children?: readonly (Node | undefined)[];
}

/** Makes an element. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  parts: ElementParts = {},
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (parts.class !== undefined) element.className = parts.class;
  if (parts.text !== undefined) element.textContent = parts.text;
  for (const [name, value] of Object.entries(parts.attributes ?? {})) element.setAttribute(name, value);
  element.append(...(parts.children ?? []).filter((child) => child !== undefined));
  return element;
}

/** The element of the page with this id. @throws TypeError if index.html has none of that type */
export function find<Kind extends HTMLElement>(id: string, type: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new TypeError(`index.html has no ${type.name} with the id ${id}.`);
}
