// Finds paths that exist on one person's machine only, in any text.

/** Folders that hold what is one person's or one machine's. */
const PERSONAL_FOLDERS = ['work', 'home', 'farm', 'root', 'Users'];

const MACHINE_PATH = new RegExp(String.raw`(?<![\w.)}-])/(?:${PERSONAL_FOLDERS.join('|')})/[\w./-]*`, 'g');

/** Every such path in the text, as it stands there. */
export function findMachinePaths(text: string): string[] {
  return Array.from(text.matchAll(MACHINE_PATH), ([path]) => path);
}
