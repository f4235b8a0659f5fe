// Events for clients to receive: of given sizes, each unlike the others, with what parsers and line readers stumble over.

// Umlauts, two more writing systems, a surrogate pair, quotes, line ends of JSON, Unicode's own line ends, and a false keep-alive.
const TROUBLE = 'grün 漢字 עברית 🎉 "\\/ \r\n\t\u0085\u2028\u2029 {"stillalive": 1.5}\r\n';

/** The JSON texts of `count` events; their UTF-8 length is spread evenly, by factors, from `minBytes` to `maxBytes`. */
export function makeEvents(count: number, minBytes: number, maxBytes: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const share = count === 1 ? 0 : index / (count - 1);
    return makeEvent(index, Math.round(minBytes * (maxBytes / minBytes) ** share));
  });
}

function makeEvent(index: number, bytes: number): string {
  const plain = JSON.stringify({ n: index, text: '' });
  const trouble = JSON.stringify({ n: index, text: TROUBLE });
  const room = bytes - Buffer.byteLength(trouble);
  if (room >= 0) return JSON.stringify({ n: index, text: TROUBLE + 'x'.repeat(room) });
  return JSON.stringify({ n: index, text: 'x'.repeat(Math.max(0, bytes - Buffer.byteLength(plain))) });
}
