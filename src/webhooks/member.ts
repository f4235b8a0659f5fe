// Reading a webhook's payload: signed, but by a sender whose next version may send something else. Errors name the member.
import { GitPubSubError } from '../core/errors.ts';
import { isObject } from '../core/json-object.ts';

const HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * A value in a payload, and where it stands there. What is null counts as absent: senders differ in that from version to
 * version. Every method throws GitPubSubError `invalid-delivery` if the value is of another form.
 */
export class Member {
  readonly #value: unknown;
  readonly #name: string;

  constructor(value: unknown, name: string = '') {
    this.#value = value;
    this.#name = name;
  }

  get isAbsent(): boolean {
    return this.#value === undefined || this.#value === null;
  }

  /** A member of an object; absent if the object is. */
  at(name: string): Member {
    const object = this.isAbsent ? {} : this.#value;
    if (!isObject(object)) throw this.#refuse('an object');
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    return new Member(value, this.#name === '' ? name : `${this.#name}.${name}`);
  }

  /** The entries of a list; none if it is absent. */
  items(): Member[] {
    if (this.isAbsent) return [];
    if (!Array.isArray(this.#value)) throw this.#refuse('a list');
    return (this.#value as unknown[]).map((value, index) => new Member(value, `${this.#name}[${index}]`));
  }

  text(): string {
    if (typeof this.#value !== 'string') throw this.#refuse('a string');
    // Why: JSON can hold half a character, which has no UTF-8 and fits into no topic.
    return Buffer.from(this.#value).toString();
  }

  optionalText(): string | undefined {
    return this.isAbsent ? undefined : this.text();
  }

  /** The name of a repository or ref, or a part of it. */
  nameText(): string {
    const text = this.text();
    if (text !== '') return text;
    throw this.#refuse('a string that is not empty');
  }

  /** A full ref. */
  ref(): string {
    const text = this.nameText();
    if (/^refs\/./.test(text)) return text;
    throw this.#refuse('a full ref, such as refs/heads/main');
  }

  /** A full hash, or zeros. */
  hash(): string {
    if (typeof this.#value === 'string' && HASH.test(this.#value)) return this.#value;
    throw this.#refuse('a full hash, 40 or 64 hexadecimal digits');
  }

  /** A whole number; one that is none, or that cannot be told exactly, counts as absent. */
  optionalInteger(): number | undefined {
    if (this.isAbsent) return undefined;
    if (typeof this.#value !== 'number') throw this.#refuse('a number');
    return Number.isSafeInteger(this.#value) ? this.#value : undefined;
  }

  /** Whether it is true; what is absent is not. */
  flag(): boolean {
    if (this.isAbsent || typeof this.#value === 'boolean') return this.#value === true;
    throw this.#refuse('true or false');
  }

  #refuse(expected: string): GitPubSubError {
    const name = this.#name === '' ? 'The payload' : this.#name;
    return new GitPubSubError(
      'invalid-delivery',
      `${name} is ${describe(this.#value)}; it must be ${expected}.`,
    );
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'an object' : JSON.stringify(value).slice(0, 100);
}
