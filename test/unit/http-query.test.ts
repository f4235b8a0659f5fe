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
    ['format=gitpubsub', { format: 'gitpubsub' }],
    ['format=sse&poll=1', { format: 'sse', isPoll: true }],
    ['last=1000', { last: 1_000 }],
    [`before=${CURSOR}&last=1&poll=1`, { before: PARSED, last: 1, isPoll: true }],
    ['topic=/b&topic=%2Fc%2F%252F/*', { topics: ['/b', '/c/%2F'] }],
    [`since=1&cursor=${CURSOR}&lastEventId=${CURSOR}`, { since: '1', cursor: PARSED, lastEventId: PARSED }],
  ])('%j is read', (query, expected) => {
    expect(parseSubscribeQuery(query)).toEqual({
      since: undefined,
      cursor: undefined,
      lastEventId: undefined,
      last: undefined,
      before: undefined,
      topics: [],
      filter: undefined,
      format: undefined,
      isPoll: false,
      ...expected,
    });
  });

  test.each([
    ['sicne=1', 'Did you mean "since"?'],
    ['Since=1', 'Did you mean "since"?'],
    ['curser=x', 'Did you mean "cursor"?'],
    ['last-event-id=x', 'Did you mean "lastEventId"?'],
    [
      'nonsense',
      'There is no query key "nonsense". Known: since, cursor, lastEventId, last, before, format, poll, topic, project, ref, path, author, type, hash.',
    ],
    ['last=0', '"0" is no number of events; last takes 1 to 1000'],
    ['last=1001', 'last takes 1 to 1000'],
    ['last=1e2', '"1e2" is no number of events'],
    ['last=', '"" is no number of events'],
    ['last=1&last=1', 'stands there twice'],
    [`before=${CURSOR}&last=1`, 'needs poll=1 and last'],
    [`before=${CURSOR}&poll=1`, 'needs poll=1 and last'],
    [`before=${CURSOR}&last=1&poll=1&since=1`, 'before looks back and since goes on'],
    ['poll=0', '"0" is no value of poll'],
    ['poll=1&poll=1', 'stands there twice'],
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

  test.each([
    ['topic=a', '"a" must begin with "/"'],
    ['topic=', 'must begin with "/"'],
    ['topic=/-/livez', '"/-/livez" is no topic'],
  ])('%j names no topic', (query, message) => {
    expect(() => parseSubscribeQuery(query)).toThrow(
      expect.objectContaining({ code: 'invalid-topic', message: expect.stringContaining(message) }),
    );
  });

  test('makes a filter of what is asked for', () => {
    const { filter } = parseSubscribeQuery('ref=main&ref=release%2F*&type=push');
    expect(filter?.key).toBe('[["ref",["main","release/*"]],["type",["push"]]]');
  });

  test.each(['type=comit', 'hash=1', 'ref='])('%j is no filter', (query) => {
    expect(() => parseSubscribeQuery(query)).toThrow(expect.objectContaining({ code: 'invalid-query' }));
  });

  test.each(['topic=/..', 'topic=/%FF', 'topic=/%25zz'])('%j is no topic', (query) => {
    expect(() => parseSubscribeQuery(query)).toThrow(expect.objectContaining({ code: 'invalid-topic' }));
  });

  test.each(['cursor=', 'cursor=42', 'lastEventId=x'])('%j is no cursor', (query) => {
    expect(() => parseSubscribeQuery(query)).toThrow(expect.objectContaining({ code: 'invalid-cursor' }));
  });
});
