// The reader's choice of colours.
import { find } from './dom.ts';

const THEMES = ['system', 'light', 'dark'];

/** Lets the reader choose the colours; without a choice they are the system's. */
export function addThemeSwitch(): void {
  const select = find('theme', HTMLSelectElement);
  const stored = readTheme();
  select.value = THEMES.includes(stored) ? stored : 'system';
  apply(select.value);
  select.addEventListener('change', () => {
    apply(select.value);
    storeTheme(select.value);
  });
}

function apply(theme: string): void {
  document.documentElement.dataset['theme'] = theme;
}

// A browser may keep pages from storing anything; then the choice lasts as long as the page.
function readTheme(): string {
  try {
    return localStorage.getItem('gitpubsub-theme') ?? '';
  } catch {
    return '';
  }
}

function storeTheme(theme: string): void {
  try {
    localStorage.setItem('gitpubsub-theme', theme);
  } catch {
    // See above.
  }
}
