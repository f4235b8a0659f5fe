// SIGHUP: a running broker takes another configuration and access file. Who is not concerned notices nothing.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { expectProblem } from '../support/problem-details.ts';
import { poll } from '../support/poll.ts';
import { publish, publishAll, Publisher } from '../support/publisher.ts';
import {
  composeRequest,
  RawConnection,
  request,
  type RawResponse,
  type Target,
} from '../support/raw-http.ts';
import { bearer, principalWith, withReloadableBroker } from '../support/reloadable-broker.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { withBroker } from '../support/with-broker.ts';

const HANGUP_WHILE_LOADING = new URL('../support/hangup-while-loading.mjs', import.meta.url).href;

function post(
  broker: BrokerProcess,
  options: { body?: string; headers?: [string, string][] },
): Promise<RawResponse> {
  return request(broker.target, { method: 'POST', path: '/t', body: '1', ...options });
}

/** Bytes of bodies that are on their way. */
async function readBodyBytes(target: Target): Promise<number> {
  const { text } = await request(target, { path: '/-/metrics' });
  return Number(/^gitpubsub_body_bytes (\d+)$/m.exec(text)?.[1]);
}

/** Whether a process has a handler for SIGHUP, by the bit that Linux shows. */
function catchesHangup(pid: number): boolean {
  const caught = /^SigCgt:\t([\da-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return caught !== undefined && (BigInt(`0x${caught}`) & 1n) === 1n;
}

describe.concurrent('a reload', () => {
  test('takes another configuration while streams and connections go on', async () => {
    await withReloadableBroker({ settings: { maxEventBytes: 10 } }, async (broker) => {
      const { target } = broker.process;
      const stream = await StreamReader.open(target, '/t');
      const publisher = await Publisher.open(target);
      await publisher.publish('/t', '"short"');
      expectProblem(await post(broker.process, { body: '"ten bytes and more"' }), 413);
      const { changed } = await broker.reload({ settings: { maxEventBytes: 1000 } });
      expect(changed).toEqual(['maxEventBytes']);
      await publisher.publish('/t', '"ten bytes and more"');
      expect(await stream.waitForEvents(2)).toEqual(['"short"', '"ten bytes and more"']);
      stream.close();
      publisher.close();
    });
  });

  test('says that nothing changed where nothing did', async () => {
    await withReloadableBroker({ settings: { stallSeconds: 50 } }, async (broker) => {
      expect(await broker.reload({})).toMatchObject({ level: 'info', changed: [] });
    });
  });

  test('takes shorter retention and removes at once what is too much', async () => {
    await withReloadableBroker({}, async (broker) => {
      const { target } = broker.process;
      await publishAll(target, '/t', ['1', '2', '3', '4']);
      await broker.reload({ settings: { retentionEvents: 1 } });
      const events = await pollUntil(async () => {
        const found = (await poll(target, '/t?since=0')).events;
        return found.length === 1 ? found : undefined;
      }, 'one event is left');
      expect(events).toEqual(['4']);
    });
  });

  test('takes another time between keep-alives, for streams that are open', async () => {
    await withReloadableBroker({ settings: { keepAliveSeconds: 8 } }, async (broker) => {
      const stream = await StreamReader.open(broker.process.target, '/t');
      await stream.waitForKeepAlives(1);
      await broker.reload({ settings: { keepAliveSeconds: 0.1 } });
      await stream.waitForKeepAlives(20, 7_000);
      stream.close();
    });
  });

  test('takes another log level', async () => {
    await withReloadableBroker({}, async (broker) => {
      await post(broker.process, { body: '{' });
      await broker.reload({ settings: { logLevel: 'debug' } });
      await post(broker.process, { body: '{' });
      await broker.reload({ settings: { logLevel: 'info' } });
      await post(broker.process, { body: '{' });
      await broker.reload({});
      const refused = broker.process.messages.filter((message) => message === 'request refused');
      expect(refused).toHaveLength(1);
    });
  });

  test('takes another number of connections, and closes none that is open', async () => {
    await withReloadableBroker({}, async (broker) => {
      const { target } = broker.process;
      const open = await Promise.all([1, 2, 3].map(async () => Publisher.open(target)));
      await open[0]?.publish('/t', '1');
      await broker.reload({ settings: { maxConnections: 3 } });
      const late = await RawConnection.open(target);
      await late.waitForClose();
      for (const publisher of open) await publisher.publish('/t', '1');
      await broker.reload({ settings: { maxConnections: 10 } });
      await publish(target, '/t', '1');
      for (const publisher of open) publisher.close();
    });
  });

  test('takes other trusted peers, proxies and origins', async () => {
    await withReloadableBroker({}, async (broker) => {
      const foreign: [string, string][] = [['Origin', 'https://a.example']];
      const forwarded: [string, string][] = [['X-Forwarded-For', '10.0.0.1']];
      const statuses = async (): Promise<number[]> => {
        const answers = [{}, { headers: foreign }, { headers: forwarded }].map(async (options) =>
          post(broker.process, options),
        );
        return (await Promise.all(answers)).map(({ statusCode }) => statusCode);
      };
      expect(await statuses()).toEqual([200, 403, 403]);
      await broker.reload({ settings: { corsOrigins: ['https://a.example'] } });
      expect(await statuses()).toEqual([200, 200, 403]);
      await broker.reload({ settings: { trustedPeers: ['10.0.0.1'], trustedProxies: ['127.0.0.1'] } });
      expect(await statuses()).toEqual([403, 403, 200]);
    });
  });

  test('leaves what only a new start changes as it is, says so, and takes the rest', async () => {
    await withReloadableBroker({}, async (broker) => {
      const settings = { host: '::1', durability: 'normal', tlsCert: 'c', maxEventBytes: 1 };
      const { problems } = await broker.reload({ settings });
      expect(problems).toEqual([
        `tlsCert in ${broker.configPath} needs tlsKey beside it; allowed are both or none.`,
      ]);
      const { changed } = await broker.reload({ settings: { ...settings, tlsCert: undefined } });
      expect(changed).toEqual(['maxEventBytes']);
      const line = broker.process.lines.find(({ msg }) => msg === 'only a new start changes these settings');
      expect(line).toMatchObject({ level: 'warn', kept: { host: '127.0.0.1', durability: 'full' } });
      expectProblem(await post(broker.process, { body: '22' }), 413);
    });
  });
});

describe.concurrent('a reload of something wrong', () => {
  test.each([
    ['no JSON', '{', [/is not JSON at line 1, column 2/]],
    [
      'wrong values',
      { maxEventBytes: -1, prot: 1, stallSeconds: 'x' },
      [/prot/, /maxEventBytes/, /stallSeconds/],
    ],
    ['settings that do not go together', { keepAliveSeconds: 5, stallSeconds: 2 }, [/would pass for stuck/]],
  ])('changes nothing and says why: %s', async (_, settings, reasons) => {
    await withReloadableBroker({ settings: { maxEventBytes: 10 } }, async (broker) => {
      const stream = await StreamReader.open(broker.process.target, '/t');
      const line = await broker.reload({ settings });
      expect(line).toMatchObject({ level: 'error', msg: 'not reloaded, nothing has changed' });
      expect(line['problems']).toEqual(reasons.map((reason) => expect.stringMatching(reason) as unknown));
      expectProblem(await post(broker.process, { body: '"ten bytes and more"' }), 413);
      await post(broker.process, { body: '1' });
      expect(await stream.nextEvent()).toBe('1');
      expect(await broker.reload({ settings: { maxEventBytes: 1000 } })).toMatchObject({
        changed: ['maxEventBytes'],
      });
      stream.close();
    });
  });

  test('changes nothing either when only the access file is wrong', async () => {
    const access = { private: ['/t'], principals: { reader: principalWith('a', { subscribe: ['/t'] }) } };
    await withReloadableBroker({ access }, async (broker) => {
      const { target } = broker.process;
      const stream = await StreamReader.open(target, '/t', { headers: [bearer('a')] });
      const wrong = { private: ['/t/../x'], principals: { reader: { tokens: 'none' } } };
      const line = await broker.reload({ access: wrong, settings: { maxEventBytes: 1 } });
      expect(line['problems']).toHaveLength(2);
      await publish(target, '/t', '"long enough"');
      expect(await stream.nextEvent()).toBe('"long enough"');
      expect((await request(target, { path: '/t' })).statusCode).toBe(401);
      stream.close();
    });
  });
});

describe.concurrent('rights that a reload withdraws', () => {
  const readers = {
    one: principalWith('one', { subscribe: ['/secret'] }),
    two: principalWith('two', { subscribe: ['/secret'] }),
  };

  test('end at once exactly the streams that they were for', async () => {
    await withReloadableBroker({ access: { private: ['/secret'], principals: readers } }, async (broker) => {
      const { target } = broker.process;
      const open = async (path: string, token?: string): Promise<StreamReader> =>
        StreamReader.open(target, path, token === undefined ? {} : { headers: [bearer(token)] });
      const [secret, everything, elsewhere] = await Promise.all([
        open('/secret', 'one'),
        open('/', 'one'),
        open('/open', 'one'),
      ]);
      const [other, stranger] = await Promise.all([open('/secret', 'two'), open('/')]);
      const narrowed = { ...readers, one: principalWith('one', { subscribe: ['/other'] }) };
      await broker.reload({ access: { private: ['/secret'], principals: narrowed } });
      expect([await secret.waitForEnd(), await everything.waitForEnd()]).toEqual(['cut', 'cut']);
      const cuts = broker.process.lines.filter(({ msg }) => msg === 'stream cut');
      const cut: unknown = expect.objectContaining({ client: '127.0.0.1', principal: 'one' });
      expect(cuts).toEqual([cut, cut]);
      await publish(target, '/secret', '"secret"');
      await publish(target, '/open', '"open"');
      expect(await other.nextEvent()).toBe('"secret"');
      expect(await stranger.nextEvent()).toBe('"open"');
      expect(await elsewhere.nextEvent()).toBe('"open"');
      expect((await request(target, { path: '/secret', headers: [bearer('one')] })).statusCode).toBe(403);
      for (const stream of [other, stranger, elsewhere]) stream.close();
    });
  });

  test('are gone with the principal and its token', async () => {
    await withReloadableBroker({ access: { principals: readers } }, async (broker) => {
      const { target } = broker.process;
      const gone = await StreamReader.open(target, '/open', { headers: [bearer('one')] });
      const stays = await StreamReader.open(target, '/open', { headers: [bearer('two')] });
      await broker.reload({ access: { principals: { two: readers.two } } });
      expect(await gone.waitForEnd()).toBe('cut');
      await publish(target, '/open', '1');
      expect(await stays.nextEvent()).toBe('1');
      stays.close();
    });
  });

  test('are those of a publish whose body is still on its way, and of no other', async () => {
    const publishers = {
      gone: principalWith('gone', { publish: ['/t'] }),
      narrowed: principalWith('narrowed', { publish: ['/t'] }),
      stays: principalWith('stays', { publish: ['/t'] }),
    };
    await withReloadableBroker({ access: { principals: publishers } }, async (broker) => {
      const { target } = broker.process;
      const begun = await Promise.all(
        Object.keys(publishers).map(async (token) => {
          const connection = await RawConnection.open(target, '127.0.9.9');
          const headers = [bearer(token)];
          const bytes = composeRequest({ method: 'POST', path: '/t', headers, body: `"${token}"` });
          connection.write(bytes.subarray(0, -1));
          return { connection, rest: bytes.subarray(-1) };
        }),
      );
      const sentBytes = '"gone"narrowed"stays'.length;
      await pollUntil(
        async () => (await readBodyBytes(target)) >= sentBytes || undefined,
        'what was sent is there',
      );
      const narrowed = principalWith('narrowed', { publish: ['/other'] });
      await broker.reload({ access: { principals: { narrowed, stays: publishers.stays } } });
      const statuses = begun.map(async ({ connection, rest }) => {
        connection.write(rest);
        return (await connection.readResponse('POST')).statusCode;
      });
      expect(await Promise.all(statuses)).toEqual([401, 403, 200]);
      expect((await poll(target, '/t?since=0')).events).toEqual(['"stays"']);
    });
  });

  test('are those of strangers, too, when a topic becomes private', async () => {
    await withReloadableBroker({ access: {} }, async (broker) => {
      const { target } = broker.process;
      const [below, beside, all] = await Promise.all(
        ['/secret/x', '/open', '/'].map(async (path) => StreamReader.open(target, path)),
      );
      await broker.reload({ access: { private: ['/secret'] } });
      expect([await below?.waitForEnd(), await all?.waitForEnd()]).toEqual(['cut', 'cut']);
      await publish(target, '/open', '1');
      expect(await beside?.nextEvent()).toBe('1');
      const again = await StreamReader.open(target, '/');
      await publish(target, '/secret', '2');
      await publish(target, '/open', '3');
      expect(await again.nextEvent()).toBe('3');
      beside?.close();
      again.close();
    });
  });

  test('include those that a page had by an origin which is no longer listed', async () => {
    const access = {
      private: ['/secret'],
      peers: [{ addresses: ['127.0.0.1'], subscribe: ['/'], publish: ['/'] }],
    };
    const settings = { corsOrigins: ['https://a.example', 'https://b.example'] };
    await withReloadableBroker({ settings, access }, async (broker) => {
      const { target } = broker.process;
      const [gone, stays] = await Promise.all(
        settings.corsOrigins.map(async (origin) =>
          StreamReader.open(target, '/secret', { headers: [['Origin', origin]] }),
        ),
      );
      await broker.reload({ settings: { corsOrigins: ['https://b.example'] } });
      expect(await gone?.waitForEnd()).toBe('cut');
      await publish(target, '/secret', '1');
      expect(await stays?.nextEvent()).toBe('1');
      stays?.close();
    });
  });
});

describe.concurrent('rights that a reload grants', () => {
  test('count for open streams, whose cursors would pass what they do not get', async () => {
    const principals = { one: principalWith('one', {}), two: principalWith('two', {}) };
    await withReloadableBroker({ access: { private: ['/secret'], principals } }, async (broker) => {
      const { target } = broker.process;
      const [one, two] = await Promise.all(
        ['one', 'two'].map(async (token) => StreamReader.open(target, '/', { headers: [bearer(token)] })),
      );
      await publish(target, '/secret', '"before"');
      const granted = { ...principals, one: principalWith('one', { subscribe: ['/secret'] }) };
      await broker.reload({ access: { private: ['/secret'], principals: granted } });
      await publish(target, '/secret', '"secret"');
      await publish(target, '/open', '"open"');
      expect(await one?.waitForEvents(2)).toEqual(['"secret"', '"open"']);
      expect(await two?.waitForEvents(1)).toEqual(['"open"']);
      for (const stream of [one, two]) stream?.close();
    });
  });

  test('are those of everybody when a topic becomes public', async () => {
    await withReloadableBroker({ access: { private: ['/secret'] } }, async (broker) => {
      const stream = await StreamReader.open(broker.process.target, '/');
      await broker.reload({ access: {} });
      await publish(broker.process.target, '/secret', '1');
      expect(await stream.nextEvent()).toBe('1');
      stream.close();
    });
  });
});

describe('SIGHUP at odd moments', () => {
  test('during the start is taken once the broker listens', async () => {
    await withReloadableBroker({}, async (broker) => {
      const { process } = broker;
      await process.stop();
      const launched = process.launch();
      await pollUntil(() => (catchesHangup(process.pid) ? true : undefined), 'the signal is caught');
      process.sendSignal('SIGHUP');
      await launched;
      await pollUntil(() => broker.outcomes[0], 'the log tells of a reload');
      await publish(process.target, '/t', '1');
    });
  });

  test('before the settings are loaded is taken as well', async () => {
    const environment = { NODE_OPTIONS: `--import ${HANGUP_WHILE_LOADING}` };
    await withReloadableBroker(
      {},
      async (broker) => {
        await pollUntil(() => broker.outcomes[0], 'the log tells of a reload');
        await publish(broker.process.target, '/t', '1');
      },
      { environment },
    );
  });

  test('many times in a row is several reloads one after the other', async () => {
    await withReloadableBroker({}, async (broker) => {
      for (let i = 0; i < 50; i++) broker.process.sendSignal('SIGHUP');
      await broker.reload({ settings: { maxEventBytes: 1 } });
      await pollUntil(
        () => broker.outcomes.find(({ changed }) => String(changed) === 'maxEventBytes'),
        'it is taken',
      );
      expectProblem(await post(broker.process, { body: '22' }), 413);
      expect(broker.outcomes.every(({ msg }) => msg === 'reloaded')).toBe(true);
    });
  });

  test('again and again puts off no keep-alive', async () => {
    await withReloadableBroker({ settings: { keepAliveSeconds: 1 } }, async (broker) => {
      const stream = await StreamReader.open(broker.process.target, '/t');
      const firstSeconds = stream.lastKeepAlive()?.seconds ?? 0;
      const isOver = { is: false };
      const reloadOn = async (): Promise<void> => {
        while (!isOver.is) await broker.reload({});
      };
      const later = stream
        .waitFor(
          () => ((stream.lastKeepAlive()?.seconds ?? 0) > firstSeconds ? true : undefined),
          'a keep-alive',
        )
        .finally(() => (isOver.is = true));
      await Promise.all([later, reloadOn()]);
      stream.close();
    });
  });

  test('during a stop changes nothing of it', async () => {
    await withBroker([], async (broker) => {
      const stream = await StreamReader.open(broker.target, '/t');
      broker.sendSignal('SIGTERM');
      for (let i = 0; i < 20; i++) broker.sendSignal('SIGHUP');
      expect(await stream.waitForEnd()).toBe('final-chunk');
      broker.sendSignal('SIGHUP');
      expect(await broker.waitForExit()).toEqual({ code: 0, signal: null });
      expect(broker.messages.at(-1)).toBe('stopped');
    });
  });
});
