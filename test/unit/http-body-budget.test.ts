import { describe, expect, test } from 'vitest';
import { BodyBudget, SenderBudgets } from '../../src/http/body-budget.ts';

const BUDGET_BYTES = 100;
const TOO_MANY = expect.objectContaining({ code: 'too-many-bodies' }) as Error;

describe('the budget of all bodies', () => {
  test('gives what it has, and not one byte more', () => {
    const budget = new BodyBudget(BUDGET_BYTES);
    budget.take(60);
    budget.take(40);
    expect(() => budget.take(1)).toThrow(TOO_MANY);
    budget.give(1);
    budget.take(1);
  });

  test('keeps a quarter for bodies in one piece', () => {
    const budget = new BodyBudget(BUDGET_BYTES);
    budget.takeForUnfinished(75);
    expect(() => budget.takeForUnfinished(1)).toThrow(TOO_MANY);
    budget.take(25);
    expect(() => budget.take(1)).toThrow(TOO_MANY);
  });

  test('is not touched by what it refused', () => {
    const budget = new BodyBudget(BUDGET_BYTES);
    expect(() => budget.take(BUDGET_BYTES + 1)).toThrow(TOO_MANY);
    budget.take(BUDGET_BYTES);
    expect(budget.takenBytes).toBe(BUDGET_BYTES);
  });
});

describe('the budgets of senders', () => {
  test('give one sender its part, and leave the rest to others', () => {
    const budgets = new SenderBudgets(BUDGET_BYTES, 60);
    budgets.of('a').take(60);
    expect(() => budgets.of('a').take(1)).toThrow(TOO_MANY);
    budgets.of('b').take(40);
    expect(() => budgets.of('c').take(1)).toThrow(TOO_MANY);
    expect(budgets.takenBytes).toBe(BUDGET_BYTES);
  });

  test('keep a quarter of each part, and of the whole, for bodies in one piece', () => {
    const budgets = new SenderBudgets(BUDGET_BYTES, 60);
    budgets.of('a').takeForUnfinished(45);
    expect(() => budgets.of('a').takeForUnfinished(1)).toThrow(TOO_MANY);
    budgets.of('a').take(15);
    budgets.of('b').takeForUnfinished(15);
    expect(() => budgets.of('b').takeForUnfinished(1)).toThrow(TOO_MANY);
  });

  test('are not touched by what they refused, and forget who has given all back', () => {
    const budgets = new SenderBudgets(BUDGET_BYTES, 60);
    budgets.of('a').take(50);
    budgets.of('b').take(20);
    expect(() => budgets.of('b').take(35)).toThrow(TOO_MANY);
    expect(() => budgets.of('c').take(61)).toThrow(TOO_MANY);
    expect([budgets.takenBytes, budgets.senderCount]).toEqual([70, 2]);
    budgets.of('a').give(50);
    budgets.of('b').give(20);
    budgets.of('d').give(0);
    expect([budgets.takenBytes, budgets.senderCount]).toEqual([0, 0]);
    budgets.of('a').take(60);
  });
});
