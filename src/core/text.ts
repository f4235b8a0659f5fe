// Git's bytes as text: decoded where they say how, and never lost where they don't.

/** Text from git. `raw` is there only if the bytes were not valid: they in base64, while `text` has U+FFFD in their place. */
export interface Text {
  readonly text: string;
  readonly raw?: string;
}

/** A text as members of an event: `name`, and `nameRaw` where there is one. */
export type TextMember<Name extends string> = Readonly<Record<Name, string>> &
  Readonly<Partial<Record<`${Name}Raw`, string>>>;

/** Decodes bytes by the encoding a commit names, or as UTF-8 where it names none, an unknown or a wrong one. */
export function decodeText(bytes: Buffer, encoding?: string): Text {
  const decoded = encoding === undefined ? undefined : decodeBy(encoding, bytes);
  if (decoded !== undefined) return { text: decoded };
  const text = bytes.toString('utf8');
  return isExact(text, bytes) ? { text } : { text, raw: bytes.toString('base64') };
}

/** Writes a text as members of an event. */
export function textMember<Name extends string>(name: Name, value: Text): TextMember<Name> {
  const raw = value.raw === undefined ? {} : { [`${name}Raw`]: value.raw };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- types can't follow a computed name
  return { [name]: value.text, ...raw } as TextMember<Name>;
}

/**
 * Takes spaces, as git counts them, from the end of bytes held as one character each. `String.trimEnd` would take a byte
 * 0xA0 too, which is a part of many UTF-8 characters.
 */
export function trimEnd(bytes: string): string {
  let end = bytes.length;
  while (end > 0 && ' \t\r\n'.includes(bytes.charAt(end - 1))) end--;
  return bytes.slice(0, end);
}

// Whether nothing was lost: what is no UTF-8 becomes U+FFFD, and most texts have none.
function isExact(text: string, bytes: Buffer): boolean {
  return !text.includes('\ufffd') || Buffer.from(text).equals(bytes);
}

function decodeBy(encoding: string, bytes: Buffer): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
