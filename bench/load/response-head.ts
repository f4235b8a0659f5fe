// The head of a response: what the generator needs of it.

export interface ResponseHead {
  readonly status: number;
  readonly isChunked: boolean;
  readonly contentLength: number;
  /** Of our broker's answers. */
  readonly cursor: string | undefined;
  /** Bytes of the head with the blank line that ends it. */
  readonly bytes: number;
}

/** Reads a head; `undefined` while it is not complete. */
export function parseResponseHead(text: string): ResponseHead | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  return {
    status: Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1] ?? 0),
    isChunked: /\r\ntransfer-encoding:[^\r]*chunked/i.test(head),
    contentLength: Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0),
    cursor: /\r\nx-cursor: *([^\r]+)/i.exec(head)?.[1],
    bytes: end + 4,
  };
}
