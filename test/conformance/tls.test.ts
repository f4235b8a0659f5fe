// TLS, as other programs see it. That streams are byte-exact over it, p23-*.test.ts says.
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokerProcess, runCommandLine } from '../support/broker-process.ts';
import { urlOf } from '../support/broker-url.ts';
import { CertificateAuthority, hasOpenssl } from '../support/certificates.ts';
import { CommandProcess } from '../support/command-process.ts';
import { withDeadline } from '../support/deadline.ts';
import { publish, Publisher } from '../support/publisher.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { bearer, principalWith, withReloadableBroker } from '../support/reloadable-broker.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { withBroker } from '../support/with-broker.ts';

interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly isFailure: boolean;
}

async function run(program: string, args: readonly string[]): Promise<Output> {
  const running = promisify(execFile)(program, args, { timeout: 10_000 });
  running.child.stdin?.end();
  return running.then(
    (output) => ({ ...output, isFailure: false }),
    (error: Output) => ({ stdout: error.stdout, stderr: error.stderr, isFailure: true }),
  );
}

describe.skipIf(!hasOpenssl())('a broker with TLS (needs openssl)', () => {
  const authority = new CertificateAuthority();
  let broker: BrokerProcess;
  let port: string;

  beforeAll(async () => {
    broker = await BrokerProcess.start({ authority });
    port = new URL(urlOf(broker, '/')).port;
  });
  afterAll(async () => {
    await broker.dispose();
    authority.dispose();
  });

  // The lowest security level, or openssl itself would refuse the old versions.
  function handshake(version: string): Promise<Output> {
    const trust = ['-CAfile', authority.certPath, '-verify_return_error'];
    const where = ['-connect', `127.0.0.1:${port}`, '-servername', 'localhost'];
    return run('openssl', ['s_client', ...where, ...trust, version, '-cipher', 'ALL:@SECLEVEL=0']);
  }

  test.each([
    ['-tls1_2', 'TLSv1.2'],
    ['-tls1_3', 'TLSv1.3'],
  ])('takes openssl s_client %s', async (version, name) => {
    const { stdout, isFailure } = await handshake(version);
    expect(stdout).toContain(`New, ${name}, Cipher is `);
    expect(stdout).toContain('Verification: OK');
    expect(isFailure).toBe(false);
  });

  test.each(['-tls1', '-tls1_1'])('refuses openssl s_client %s', async (version) => {
    const { stdout, stderr, isFailure } = await handshake(version);
    expect(stdout).toContain('New, (NONE), Cipher is (NONE)');
    expect(stderr).toContain('alert protocol version');
    expect(isFailure).toBe(true);
  });

  test('takes curl that trusts its authority, and curl that does not refuses it', async () => {
    const args = ['--silent', '--show-error', '--data', '{"by":"curl"}', urlOf(broker, '/curl')];
    const refused = await run('curl', args);
    expect([refused.isFailure, refused.stderr]).toEqual([true, expect.stringContaining('SSL certificate')]);
    const taken = await run('curl', ['--cacert', authority.certPath, ...args]);
    expect(JSON.parse(taken.stdout)).toMatchObject({ cursor: expect.any(String) as unknown });
    const query = `${urlOf(broker, '/curl')}?since=0&poll=1`;
    const { stdout } = await run('curl', ['--silent', '--cacert', authority.certPath, query]);
    expect(stdout).toBe('{"by":"curl"}\r\n');
  });

  test('answers nothing to who speaks without TLS, and serves the others', async () => {
    const socket = connect(Number(port), '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (data: string) => (text += data));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await withDeadline(closed, () => 'the connection is closed', 15_000);
    expect(text).not.toContain('HTTP/1.1');
    await publish(broker.target, '/plain', '1');
  });

  test('keeps its port for itself', async () => {
    const { certPath, keyPath } = broker.certificate;
    const others = ['--database', authority.pathOf('other.db'), '--port', port];
    const tls = ['--tls-cert', certPath, '--tls-key', keyPath];
    for (const flags of [others, [...others, ...tls]]) {
      const { code, stderr } = await runCommandLine(['serve', ...flags]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('the port is taken')]);
    }
  });

  test('is reached by the command line with NODE_EXTRA_CA_CERTS, and not without', async () => {
    await publish(broker.target, '/cli', '"hello"');
    const args = ['subscribe', urlOf(broker, '/cli'), '--since', '0'];
    const trusting = new CommandProcess(args, { environment: { NODE_EXTRA_CA_CERTS: authority.certPath } });
    await trusting.waitForLines(1);
    expect(trusting.stdout).toContain('hello');
    const other = new CommandProcess(args);
    await other.waitForNotice('certificate');
    expect(other.stdout).toBe('');
  });

  test('counts connections and closes those beyond maxConnections', async () => {
    await withBroker(
      ['--max-connections', '3'],
      async ({ target }) => {
        const first = await Publisher.open(target);
        const [second, third] = await Promise.all([Publisher.open(target), Publisher.open(target)]);
        await Promise.all([first, second, third].map(async (one) => one.publish('/t', '1')));
        // Before or after the handshake.
        await RawConnection.open(target).then(
          async (late) => late.waitForClose(),
          () => undefined,
        );
        second.close();
        third.close();
        const { response } = await first.publish('/t', '1');
        expect(response.statusCode).toBe(200);
        await expect
          .poll(async () => (await request(target, { method: 'HEAD' })).header('x-connections'))
          .toBe('2');
        first.close();
      },
      { authority },
    );
  });

  test('ends its streams cleanly when it stops', async () => {
    await withBroker(
      [],
      async (other) => {
        const stream = await StreamReader.open(other.target, '/t');
        other.sendSignal('SIGTERM');
        expect(await stream.waitForEnd()).toBe('final-chunk');
        expect(await other.waitForExit()).toEqual({ code: 0, signal: null });
      },
      { authority },
    );
  });

  test.each([
    ['over TLS', { authority }, true],
    ['without TLS', {}, false],
  ])('marks the cookie of a session as one for TLS only where it is: %s', async (_, options, isSecure) => {
    const access = { principals: { reader: principalWith('a', {}) } };
    await withReloadableBroker(
      { access },
      async ({ process: { target } }) => {
        const answer = await request(target, { method: 'POST', path: '/-/session', headers: [bearer('a')] });
        expect(answer.statusCode).toBe(204);
        expect(answer.header('set-cookie')?.includes('; Secure')).toBe(isSecure);
      },
      options,
    );
  });

  test('does not start with a key of another kind, and says which are allowed', async () => {
    const [certPath, keyPath] = [authority.pathOf('odd.crt'), authority.pathOf('odd.key')];
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1', '-nodes', '-keyout', keyPath];
    await run('openssl', ['req', '-x509', ...newKey, '-out', certPath, '-subj', '/CN=odd']);
    const flags = ['--database', authority.pathOf('odd.db'), '--port', '0'];
    const tls = ['--tls-cert', certPath, '--tls-key', keyPath];
    const { code, stderr } = await runCommandLine(['serve', ...flags, ...tls]);
    expect([code, stderr]).toEqual([
      78,
      expect.stringContaining('allowed are RSA of at least 2048 bits, ECDSA (P-256, P-384, P-521)'),
    ]);
  });
});
