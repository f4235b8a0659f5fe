import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Body, checkBodyBytes, readBody } from '../../src/http/body.ts';
import { BodyBudget } from '../../src/http/body-budget.ts';
import { createExchange, FakeResponse } from '../support/fake-http.ts';

const BUDGET_BYTES = 100;

function isRefused(budget: BodyBudget, bytes: number): boolean {
  try {
    budget.take(bytes);
    budget.give(bytes);
    return false;
  } catch {
    return true;
  }
}

describe('a body', () => {
  test('in one chunk is that chunk', () => {
    const chunk = Buffer.from('{"a":1}');
    const body = new Body(new BodyBudget(BUDGET_BYTES), 50, () => {});
    expect(body.add(chunk, true)).toBe(chunk);
  });

  test('in several chunks is put together, though their memory is used again', () => {
    const body = new Body(new BodyBudget(BUDGET_BYTES), 50, () => {});
    const memory = Uint8Array.from(Buffer.from('{"a"'));
    expect(body.add(memory, false)).toBeUndefined();
    memory.fill(0x78);
    expect(body.add(Buffer.from(':1'), false)).toBeUndefined();
    expect(body.add(Buffer.from('}'), true)?.toString()).toBe('{"a":1}');
  });

  test('may have its most bytes, not one more, in however many chunks', () => {
    const chunks = [Buffer.alloc(30), Buffer.alloc(20), Buffer.alloc(1)];
    const body = new Body(new BodyBudget(BUDGET_BYTES), 50, () => {});
    for (const chunk of chunks.slice(0, 2)) body.add(chunk, false);
    expect(() => body.add(Buffer.alloc(1), true)).toThrow(
      expect.objectContaining({ code: 'payload-too-large' }),
    );
    expect(() => checkBodyBytes(50, 50)).not.toThrow();
    expect(() => checkBodyBytes(51, 50)).toThrow(expect.objectContaining({ code: 'payload-too-large' }));
  });

  test('gives back all it took when it is released', () => {
    const budget = new BodyBudget(BUDGET_BYTES);
    let releases = 0;
    const body = new Body(budget, 60, () => releases++);
    body.add(Buffer.alloc(60), false);
    expect(isRefused(budget, 41)).toBe(true);
    body.release();
    expect(isRefused(budget, BUDGET_BYTES)).toBe(false);
    expect(releases).toBe(1);
  });
});

/** Reads a body from a fake exchange and writes down what becomes of it. */
function startReading(maxBytes: number = 50) {
  const response = new FakeResponse();
  const budget = new BodyBudget(BUDGET_BYTES);
  const taken: string[] = [];
  const failures: unknown[] = [];
  let releases = 0;
  const body = new Body(budget, maxBytes, () => releases++);
  readBody(
    createExchange(response, { hasBody: true }),
    body,
    (bytes) => {
      taken.push(Buffer.from(bytes).toString());
      if (taken[0] === 'bad') throw new TypeError('bad');
    },
    (error) => failures.push(error),
  );
  return { response, budget, body, taken, failures, releaseCount: () => releases };
}

describe('reading a body', () => {
  test('hands it over once, whole, and leaves its budget to the taker', () => {
    const reading = startReading();
    reading.response.receive('ab', false);
    reading.response.receive('c', true);
    expect(reading.taken).toEqual(['abc']);
    expect(reading.failures).toEqual([]);
    expect([reading.releaseCount(), isRefused(reading.budget, 98)]).toEqual([0, true]);
  });

  test('gives up one that is too large, once, and gives its budget back', () => {
    const reading = startReading(3);
    for (const text of ['ab', 'cd', 'ef']) reading.response.receive(text, text === 'ef');
    expect(reading.failures).toMatchObject([{ code: 'payload-too-large' }]);
    expect(reading.taken).toEqual([]);
    expect([reading.releaseCount(), isRefused(reading.budget, BUDGET_BYTES)]).toEqual([1, false]);
  });

  test('gives up one that the taker refuses', () => {
    const reading = startReading();
    reading.response.receive('bad', true);
    expect(reading.failures).toMatchObject([{ message: 'bad' }]);
    expect([reading.releaseCount(), isRefused(reading.budget, BUDGET_BYTES)]).toEqual([1, false]);
  });

  test('gives up quietly when the client goes', () => {
    const reading = startReading();
    reading.response.receive('ab', false);
    reading.response.abort();
    expect([reading.taken, reading.failures]).toEqual([[], []]);
    expect([reading.releaseCount(), isRefused(reading.budget, BUDGET_BYTES)]).toEqual([1, false]);
  });

  test('leaves the budget alone when the client goes after its body was taken', () => {
    const reading = startReading();
    reading.response.receive('abc', true);
    reading.response.abort();
    expect(reading.releaseCount()).toBe(0);
    reading.body.release();
    expect(isRefused(reading.budget, BUDGET_BYTES)).toBe(false);
  });

  test('gives up one that takes longer than 30 seconds', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const reading = startReading();
    reading.response.receive('a', false);
    vi.advanceTimersByTime(29_999);
    reading.response.receive('b', false);
    expect(reading.failures).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(reading.failures).toMatchObject([{ code: 'body-timeout' }]);
    reading.response.receive('c', true);
    expect(reading.taken).toEqual([]);
    expect([reading.releaseCount(), isRefused(reading.budget, BUDGET_BYTES)]).toEqual([1, false]);
  });

  test('keeps no timer for one that came in time', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const reading = startReading();
    reading.response.receive('a', false);
    reading.response.receive('b', true);
    expect(vi.getTimerCount()).toBe(0);
    expect(reading.taken).toEqual(['ab']);
  });
});
