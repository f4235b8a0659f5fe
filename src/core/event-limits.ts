// How much of a commit goes into its event. Together the caps keep every event below the broker's default
// `maxEventBytes` (256 KiB), counted as ASCII JSON, the longest notation it is ever sent in.

/** Longest event made of a commit, in bytes of ASCII JSON; the list of files gets what the rest leaves of it. */
export const MAX_EVENT_BYTES = 250_000;

// What subject, body, log and their exact bytes may take together, in bytes of ASCII JSON: a message of 100 KiB is in
// there twice. A longer one is cut, with `logTruncated`; so is that of a tag, with `messageTruncated`.
const MAX_MESSAGE_BYTES = 210_000;

/** Most paths in `files`: what a person may still want to read. Beyond it the list is cut, with `filesTruncated`. */
export const MAX_FILES_COUNT = 1_000;

/** Most parents in `parents`; git's own tools make no octopus near it. Beyond it the list is cut, with `parentsTruncated`. */
export const MAX_PARENTS_COUNT = 128;

/** Longest name or mail address, in bytes as git stores it; longer ones are cut. */
export const MAX_IDENTITY_BYTES = 512;

/**
 * What push options may take together, in bytes of ASCII JSON: what is left beside a tag with a long message. Beyond it
 * the list is cut, with `pushOptionsTruncated`.
 */
export const MAX_PUSH_OPTIONS_BYTES = 8_000;

/** Length of the JSON text of a value with everything but ASCII written as `\uXXXX`, in bytes. */
export function asciiJsonBytes(value: unknown): number {
  const json = JSON.stringify(value);
  let bytes = json.length;
  for (let i = 0; i < json.length; i++) if (json.charCodeAt(i) > 0x7f) bytes += 5;
  return bytes;
}

/** Describes the longest beginning of a message whose description leaves room in an event for the rest. */
export function fitMessage<Members>(
  message: Buffer,
  describe: (kept: Buffer) => Members,
): { readonly members: Members; readonly isWhole: boolean } {
  for (let kept = message; ;) {
    const members = describe(kept);
    const bytes = asciiJsonBytes(members);
    if (bytes <= MAX_MESSAGE_BYTES) return { members, isWhole: kept.length === message.length };
    kept = cutText(kept, Math.floor((kept.length * MAX_MESSAGE_BYTES) / bytes));
  }
}

/** The first `maxBytes` of a text, less what would split a UTF-8 character. */
export function cutText(text: Buffer, maxBytes: number): Buffer {
  if (text.length <= maxBytes) return text;
  let end = maxBytes;
  while (end > 0 && end > maxBytes - 3 && isContinuation(text[end])) end--;
  return text.subarray(0, end);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
