import { describe, expect, test } from 'vitest';
import { parseSubscribeQuery } from '../../src/http/query.ts';

const CURSOR = '0123456789ab-42-deadbeef';
const PARSED = { logId: '0123456789ab', offset: 42, check: 'deadbeef' };

describe('the query of a subscription', () => {
  test.each([
    ['', {}],
    ['since=1700000000', { since: '1700000000' }],
    ['since=1700000000.5', { since: '1700000000.5' }],
    ['since=%2B17', { since: '+17' }],
    [`cursor=${CURSOR}`, { cursor: PARSED }],
    [`lastEventId=${CURSOR}`, { lastEventId: PARSED }],
    ['format=gitpubsub', {}],
    [`since=1&cursor=${CURSOR}&lastEventId=${CURSOR}`, { since: '1', cursor: PARSED, lastEventId: PARSED }],
  ])('%j is read', (query, expected) => {
    expect(parseSubscribeQuery(query)).toEqual({
      since: undefined,
      cursor: undefined,
      lastEventId: undefined,
      ...expected,
    });
  });

  test.each([
    ['sicne=1', 'Did you mean "since"?'],
    ['Since=1', 'Did you mean "since"?'],
    ['curser=x', 'Did you mean "cursor"?'],
    ['last-event-id=x', 'Did you mean "lastEventId"?'],
    ['nonsense', 'There is no query key "nonsense". Known: since, cursor, lastEventId, format.'],
    ['=1', 'There is no query key ""'],
    ['format=gitpub', 'Did you mean "gitpubsub"?'],
    ['format=', 'There is no format ""'],
    ['since=yesterday', '"yesterday" is not a time'],
    ['since=', '"" is not a time'],
    ['since=None', '"None" is not a time'],
    ['since=1&since=2', 'stands there twice'],
    ['since=1&sicne=1', 'Did you mean "since"?'],
  ])('%j is refused with what is wrong', (query, message) => {
    expect(() => parseSubscribeQuery(query)).toThrow(
      expect.objectContaining({ code: 'invalid-query', message: expect.stringContaining(message) }),
    );
  });

  test.each(['cursor=', 'cursor=42', 'lastEventId=x'])('%j is no cursor', (query) => {
    expect(() => parseSubscribeQuery(query)).toThrow(expect.objectContaining({ code: 'invalid-cursor' }));
  });
});
