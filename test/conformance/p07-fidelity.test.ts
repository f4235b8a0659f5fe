// P7: what was published arrives as it was written, live and in a replay.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { publish } from '../support/publisher.ts';
import { StreamReader } from '../support/stream-reader.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start();
});
afterAll(async () => {
  await broker.dispose();
});

/**
 * What may differ is made equal: white space outside strings goes, and characters beyond ASCII are written as `\uXXXX`
 * with lower-case digits. Everything else stays as it stands.
 */
function normalise(text: string): string {
  let result = '';
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charAt(index);
    if (!isInString && ' \t\r\n'.includes(unit)) continue;
    if (unit === '"') isInString = !isInString;
    if (unit === '\\') {
      const escape = text.slice(index, index + (text.charAt(index + 1) === 'u' ? 6 : 2));
      result +=
        escape.length === 6 && Number.parseInt(escape.slice(2), 16) > 0x7f ? escape.toLowerCase() : escape;
      index += escape.length - 1;
    } else if (unit.charCodeAt(0) > 0x7f) {
      result += `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    } else {
      result += unit;
    }
  }
  return result;
}

describe('P7 values survive', () => {
  it.each([
    ['integers beyond a double', '12345678901234567890'],
    ['long integers in a member', '{"id":123456789012345678901234567890,"n":-9007199254740993}'],
    ['a point with nothing behind it but zero', '1.0'],
    ['trailing zeros', '[1.10,0.0,-0.0,100]'],
    ['a negative zero', '-0'],
    ['digits beyond a double', '0.1000000000000000055511151231257827021181583404541015625'],
    ['exponents in every notation', '[1e5,1E5,1e+5,1E-5,1.0e05,0e0]'],
    ['numbers beyond the range of a double', '[1e400,-1e400,1e-400]'],
    ['duplicate members', '{"a":1,"a":2,"b":3,"a":4}'],
    ['the order of members', '{"z":1,"a":2,"10":3,"2":4,"1":5}'],
    ['members that have a meaning in JavaScript', '{"__proto__":{"a":1},"constructor":null,"toJSON":1}'],
    ['an empty name', '{"":{"":[]}}'],
    ['an escaped slash', '"<\\/script> and /"'],
    ['every short escape', '"\\" \\\\ \\/ \\b \\f \\n \\r \\t"'],
    ['an escaped ASCII letter', '"\\u0041\\u007A"'],
    ['the case of an escape of ASCII', '"\\u004a \\u004A \\u002F \\u002f"'],
    ['escaped control characters', '"\\u0000\\u001F\\u007f\\u000a"'],
    ['an escaped quote and backslash', '"\\u0022\\u005c\\u005C"'],
    ['a raw delete', '"\u007f"'],
    ['escapes in names', '{"\\u0061":1,"a":2,"\\/":3}'],
    ['escaped characters beyond ASCII', '"\\u00e9\\u20AC"'],
    ['an escaped surrogate pair', '"\\ud83d\\ude00"'],
    ['a lone high surrogate', '"\\ud83d"'],
    ['a lone low surrogate', '"\\ude00 and text"'],
    ['surrogates the wrong way round', '"\\ude00\\ud83d"'],
    ['a high surrogate before another escape', '"\\ud83d\\u0041"'],
    ['an escaped backslash before a u', '"\\\\u00e9 \\\\\\u00e9"'],
    ['characters of two bytes', '{"caf\u00e9":"\u00e9\u00df\u0080"}'],
    ['characters of three bytes', '"\u20ac\ufffd\ufeff\uffff"'],
    ['characters of four bytes', '"\u{1f600}\u{10ffff}\u{10000}"'],
    ['separators that JavaScript once minded', '"\u2028\u2029"'],
    ['composed and decomposed characters side by side', '["\u00e9","e\u0301"]'],
    ['white space inside strings', '"  a \u00a0 b  "'],
    ['white space outside strings, which goes', ' {\t"a" :\r\n[ 1 , "x y" ] ,\n"b":{ } } \r\n'],
    ['quotes and brackets inside strings', '{"a":"}{][\\",:","b" : "\\\\"}'],
    ['what looks like a second line', '"{\\"stillalive\\": 1}\\r\\n"'],
  ])('%s', async (_what, body) => {
    const stream = await StreamReader.open(broker.target, '/fidelity');
    const start = stream.requireHeader('x-cursor');
    await publish(broker.target, '/fidelity', Buffer.from(body, 'utf8'));
    const live = await stream.nextEvent();
    stream.close();
    const again = await StreamReader.open(broker.target, '/fidelity', {
      headers: [['X-Fetch-Since-Cursor', start]],
    });
    const replayed = await again.nextEvent();
    again.close();
    expect(normalise(live)).toBe(normalise(body));
    expect(replayed).toBe(live);
  });

  it('also in a large value of everything', async () => {
    const members = Array.from(
      { length: 1_500 },
      (_, index) =>
        `"m${String(index)}\\u0041" : [${String(index)}.0, 1e400, "\u{1f600}\u00e9\\/\\ud83d", {"a":1,"a":2}, 12345678901234567890 ]`,
    );
    const body = `{\n${members.join(',\n')}\n}\n`;
    const stream = await StreamReader.open(broker.target, '/fidelity/large');
    await publish(broker.target, '/fidelity/large', Buffer.from(body, 'utf8'));
    expect(normalise(await stream.nextEvent())).toBe(normalise(body));
    stream.close();
  });
});
