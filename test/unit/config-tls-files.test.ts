import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTlsFiles, type TlsFileCheck } from '../../src/config/tls-files.ts';
import { CertificateAuthority, hasOpenssl } from '../support/certificates.ts';

function read(certText: string, keyText: string, nowMs?: number): TlsFileCheck {
  const texts = new Map([
    ['c.pem', certText],
    ['k.pem', keyText],
  ]);
  return readTlsFiles({ certPath: 'c.pem', keyPath: 'k.pem' }, (path) => texts.get(path) ?? '', nowMs);
}

function damage(text: string): string {
  return text.replace(/[A-Za-z\d+/]{20}/, '');
}

describe.skipIf(!hasOpenssl())('the files for TLS (needs openssl)', () => {
  let authority: CertificateAuthority;
  let cert: string;
  let key: string;
  let otherCert: string;

  beforeAll(() => {
    authority = new CertificateAuthority();
    const [one, other] = [authority.issue('one'), authority.issue('other')];
    cert = readFileSync(one.certPath, 'utf8');
    key = readFileSync(one.keyPath, 'utf8');
    otherCert = readFileSync(other.certPath, 'utf8');
  });
  afterAll(() => authority.dispose());

  test('are taken when they belong together', () => {
    expect(read(cert, key)).toMatchObject({ files: { certPath: 'c.pem', keyPath: 'k.pem' }, problems: [] });
  });

  test('may have a chain, comments and the line ends of Windows', () => {
    const text = `a comment\n${cert}${otherCert}`.replaceAll('\n', '\r\n');
    expect(read(text, key.replaceAll('\n', '\r\n')).problems).toEqual([]);
  });

  test('are told apart by what they hold', () => {
    const { files } = read(cert, key);
    expect(read(`${cert}${otherCert}`, key).files?.certSha256).not.toBe(files?.certSha256);
    expect(read(cert, key).files).toEqual(files);
  });

  test('must belong together, the first certificate and the key', () => {
    expect(read(`${otherCert}${cert}`, key)).toEqual({
      files: undefined,
      problems: [
        "k.pem: is not the key of c.pem; it must be that of the first certificate there, which is the broker's own.",
      ],
      warnings: [],
    });
  });

  test.each([
    ['RSA of 2048 bits', ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'], true],
    ['P-384', ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'], true],
    ['Ed25519', ['ED25519'], true],
    ['RSA of 1024 bits', ['RSA', '-pkeyopt', 'rsa_keygen_bits:1024'], false],
    ['a curve that clients do not know', ['EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], false],
    ['Ed448', ['ED448'], false],
  ])('may have a key of a kind that clients and the library know: %s', (_what, args, isAllowed) => {
    const other = execFileSync('openssl', ['genpkey', '-algorithm', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [problem = ''] = read(cert, other).problems;
    expect(problem).toMatch(isAllowed ? /is not the key of c\.pem/ : /cannot be used; allowed are RSA/);
  });

  test('are taken with a warning when they are out of date', () => {
    const day = 86_400_000;
    const [before, after] = [-day, 3 * day].map((ms) => read(cert, key, Date.now() + ms).warnings);
    expect(read(cert, key).warnings).toEqual([]);
    expect(before).toEqual([expect.stringMatching(/is not valid before/)]);
    expect(after).toEqual([expect.stringMatching(/^c\.pem: the certificate has expired/)]);
  });

  test('are both looked at', () => {
    expect(read('x', 'y').problems).toEqual([
      'c.pem: holds no certificate; it must be in PEM form, with a line "-----BEGIN CERTIFICATE-----".',
      'k.pem: holds no private key; it must be in PEM form, with a line "-----BEGIN PRIVATE KEY-----".',
    ]);
  });

  test('are refused when damaged', () => {
    expect(read(damage(cert), damage(key)).problems).toEqual([
      'c.pem: the certificate is damaged.',
      'k.pem: the key is damaged.',
    ]);
  });

  test.each([
    ['pkcs8', '-topk8'],
    ['ec', '-aes128'],
  ])('may not have an encrypted key: %s', (program, flag) => {
    const args = [program, flag, '-in', authority.pathOf('one.key'), '-passout', 'pass:secret'];
    const encrypted = execFileSync('openssl', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(read(cert, encrypted).problems).toEqual([
      'k.pem: the key is encrypted, which is not supported; it must have no passphrase, and the file be for the broker only.',
    ]);
  });

  test('are named when they cannot be read', () => {
    const paths = { certPath: authority.pathOf('none.crt'), keyPath: authority.pathOf('none.key') };
    const { problems } = readTlsFiles(paths, (path) => readFileSync(path, 'utf8'));
    expect(problems).toEqual([
      `${paths.certPath}: the certificate cannot be read: ENOENT: no such file or directory.`,
      `${paths.keyPath}: the key cannot be read: ENOENT: no such file or directory.`,
    ]);
  });
});
