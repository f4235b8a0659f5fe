// How well the texts of a page can be read: the contrast of each with what lies behind it, as WCAG 2 counts it.
import type { Page } from 'playwright-core';

/** A text and its contrast. */
export interface TextContrast {
  readonly text: string;
  readonly ratio: number;
}

// Runs in the page. Colours are painted onto a pixel, which mixes translucent ones with what is behind them.
const MEASURE = `(() => {
  const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
  const paint = (colours) => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
    }
    const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    const colours = [];
    for (let each = element; each; each = each.parentElement) colours.unshift(getComputedStyle(each).backgroundColor);
    return colours;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const results = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (text === '' || !element.checkVisibility({ visibilityProperty: true }) || element.closest('noscript, .unseen')) continue;
    const back = behind(element);
    const [one, other] = [paint(back), paint([...back, getComputedStyle(element).color])];
    results.push({ text, ratio: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) });
  }
  return results;
})()`;

/** The contrast of every text that is to be seen. */
export async function measureContrast(page: Page): Promise<readonly TextContrast[]> {
  return page.evaluate<readonly TextContrast[]>(MEASURE);
}
