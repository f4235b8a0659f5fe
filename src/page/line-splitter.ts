// Cuts text that comes in pieces into lines.

/** Keeps the beginning of a line until its end comes. */
export class LineSplitter {
  #rest = '';

  /** The lines that this piece completes, without their ends; blank ones are left out. */
  push(text: string): string[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.filter((line) => line.trim() !== '');
  }
}
