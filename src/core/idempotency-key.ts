// What may be an idempotency key. [P9]

const KEY = /^[\x21-\x7e]{1,255}$/;

/** Whether a text can be an idempotency key: 1 to 255 visible ASCII characters. */
export function isIdempotencyKey(text: string): boolean {
  return KEY.test(text);
}
