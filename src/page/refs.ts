// Names of refs and objects, short enough to be read.

/** `main` for `refs/heads/main`, `v1` for `refs/tags/v1`, `notes/commits` for `refs/notes/commits`: as core has it. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(?:heads\/|tags\/)?/, '');
}

/** The first seven digits; nothing for the zeros that stand for no object. */
export function shortHash(hash: string): string {
  return /^0*$/.test(hash) ? '' : hash.slice(0, 7);
}

/** A count with its noun: `1 commit`, `2 commits`. */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
