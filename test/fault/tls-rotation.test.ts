// The certificate changes while clients connect, publish and read: none of them is refused, and every stream goes on.
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeBacklog } from '../support/backlog.ts';
import type { BrokerProcess } from '../support/broker-process.ts';
import { CertificateAuthority, hasOpenssl, type TestCertificate } from '../support/certificates.ts';
import { pollUntil } from '../support/deadline.ts';
import { publish, publishAll, Publisher } from '../support/publisher.ts';
import { composeRequest, RawConnection, request, type Target } from '../support/raw-http.ts';
import { withReloadableBroker, type ReloadableBroker } from '../support/reloadable-broker.ts';
import { StreamReader } from '../support/stream-reader.ts';

const CLIENT_COUNT = 8;
const ROTATION_COUNT = 12;

/** Clients who connect, ask something and go, on and on; one that is refused fails the test. */
class Callers {
  /** The certificates that they met, in order. */
  readonly met: string[] = [];
  readonly #running: readonly Promise<void>[];
  #isOver = false;

  constructor(target: Target) {
    this.#running = Array.from({ length: CLIENT_COUNT }, async () => this.#callOnAndOn(target));
    for (const running of this.#running) running.catch(() => undefined);
  }

  /** Resolves once so many more calls have been answered. */
  async waitForCalls(count: number): Promise<void> {
    const wanted = this.met.length + count;
    await Promise.race([
      pollUntil(() => this.met.length >= wanted || undefined, `${wanted} calls`),
      Promise.all(this.#running),
    ]);
  }

  /** @throws if one was refused */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  async #callOnAndOn(target: Target): Promise<void> {
    while (!this.#isOver) this.met.push(await call(target));
  }
}

/** Asks on a new connection. @returns the name of the certificate */
async function call(target: Target): Promise<string> {
  const connection = await RawConnection.open(target);
  try {
    connection.write(composeRequest({ path: '/-/livez' }));
    const { statusCode } = await connection.readResponse();
    if (statusCode !== 200) throw new Error(`status ${String(statusCode)}`);
    return connection.certificateName ?? '';
  } finally {
    connection.close();
  }
}

function countOpenFiles({ pid }: BrokerProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

describe.skipIf(!hasOpenssl())('a certificate that changes (needs openssl)', () => {
  const authority = new CertificateAuthority();
  let certificates: readonly TestCertificate[];

  beforeAll(() => {
    certificates = ['even', 'odd'].map((name) => authority.issue(name));
  });
  afterAll(() => authority.dispose());

  /** Puts the certificate of this turn in place. @returns its name */
  async function rotate(broker: ReloadableBroker, turn: number): Promise<string> {
    const next = certificates[turn % 2];
    if (!next) throw new TypeError('there are two certificates');
    authority.renew(broker.process.certificate, next);
    expect(await broker.reload({})).toMatchObject({ msg: 'reloaded', changed: ['tlsCert', 'tlsKey'] });
    return turn % 2 === 0 ? 'even' : 'odd';
  }

  test('refuses nobody, meets all who come later, and ends no stream', { timeout: 60_000 }, async () => {
    await withReloadableBroker(
      {},
      async (broker) => {
        const { target } = broker.process;
        const callers = new Callers(target);
        const streams: StreamReader[] = [];
        const publisher = await Publisher.open(target);
        const published: string[] = [];
        for (let turn = 0; turn < ROTATION_COUNT; turn += 1) {
          streams.push(await StreamReader.open(target, '/t?since=0'));
          await callers.waitForCalls(CLIENT_COUNT);
          const name = await rotate(broker, turn);
          expect(await call(target)).toBe(name);
          published.push(`"${turn}"`);
          await publisher.publish('/t', `"${turn}"`);
        }
        await callers.waitForCalls(CLIENT_COUNT);
        await callers.stop();
        expect(new Set(callers.met)).toEqual(new Set([callers.met[0], 'even', 'odd']));
        for (const stream of streams) expect(await stream.waitForEvents(ROTATION_COUNT)).toEqual(published);
        await pollUntil(async () => {
          const answer = await request(target, { method: 'HEAD' });
          return answer.header('x-connections') === String(streams.length + 2) || undefined;
        }, 'only the streams, the publisher and who asks are counted');
        broker.process.sendSignal('SIGTERM');
        for (const stream of streams) expect(await stream.waitForEnd()).toBe('final-chunk');
        expect(await broker.process.waitForExit()).toEqual({ code: 0, signal: null });
        publisher.close();
        await expect(call(target)).rejects.toThrow('ECONNREFUSED');
      },
      { authority },
    );
  });

  test('leaves every byte to a reader who is behind', async () => {
    await withReloadableBroker(
      {},
      async (broker) => {
        const { target } = broker.process;
        const bodies = makeBacklog(60);
        const [live, late] = [
          await StreamReader.open(target, '/slow'),
          await StreamReader.open(target, '/slow?since=0'),
        ];
        live.pause();
        late.pause();
        await publishAll(target, '/slow', bodies.slice(0, 30));
        await rotate(broker, 0);
        await publishAll(target, '/slow', bodies.slice(30));
        await rotate(broker, 1);
        for (const stream of [live, late]) {
          stream.resume();
          expect(await stream.waitForEvents(bodies.length)).toEqual(bodies);
          stream.close();
        }
      },
      { authority },
    );
  });

  test('keeps nothing open of those before it', async () => {
    await withReloadableBroker(
      {},
      async (broker) => {
        await rotate(broker, 0);
        await publish(broker.process.target, '/t', '1');
        const before = countOpenFiles(broker.process);
        for (let turn = 1; turn <= 40; turn += 1) {
          await rotate(broker, turn);
          await call(broker.process.target);
        }
        await expect.poll(() => countOpenFiles(broker.process)).toBeLessThanOrEqual(before);
      },
      { authority },
    );
  });

  test('is not taken while half of it is there', async () => {
    await withReloadableBroker(
      {},
      async (broker) => {
        const { target, certificate } = broker.process;
        const [even, odd] = certificates as [TestCertificate, TestCertificate];
        await rotate(broker, 0);
        authority.renew(certificate, { certPath: odd.certPath, keyPath: even.keyPath });
        const line = await broker.reload({ settings: { maxEventBytes: 1 } });
        expect(line['problems']).toEqual([expect.stringContaining('is not the key of')]);
        expect(await call(target)).toBe('even');
        await publish(target, '/t', '"long"');
        authority.renew(certificate, odd);
        expect(await broker.reload({ settings: {} })).toMatchObject({ changed: ['tlsCert', 'tlsKey'] });
        expect(await call(target)).toBe('odd');
      },
      { authority },
    );
  });
});
