// The certificate and key for TLS, judged before the HTTP library gets them, since that does not say what is wrong.
import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readText, type ReadFile } from './read-file.ts';

/** Two files that go together, and what names their contents. */
export interface TlsFiles {
  readonly certPath: string;
  readonly keyPath: string;
  /** SHA-256, in hex. */
  readonly certSha256: string;
  readonly keySha256: string;
}

/** The files as far as they could be read. */
export interface TlsFileCheck {
  /** `undefined` when there is any problem. */
  readonly files: TlsFiles | undefined;
  /** One sentence each. */
  readonly problems: readonly string[];
  /** What the broker can do with, but hardly any client; one sentence each. */
  readonly warnings: readonly string[];
}

/** Those that the HTTP library takes of the curves that clients know. */
const CURVES: ReadonlySet<unknown> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** Fewer bits of RSA are refused by clients. */
const LEAST_RSA_BITS = 2048;

/** Where the files are. */
export type TlsPaths = Pick<TlsFiles, 'certPath' | 'keyPath'>;

/** Reads both and says what is wrong with them; `nowMs`: UTC milliseconds. */
export function readTlsFiles(
  { certPath, keyPath }: TlsPaths,
  readFile: ReadFile,
  nowMs: number = Date.now(),
): TlsFileCheck {
  const cert = readText(certPath, readFile, 'certificate');
  const key = readText(keyPath, readFile, 'key');
  if ('problem' in cert || 'problem' in key)
    return {
      files: undefined,
      problems: [cert, key].flatMap((one) => ('problem' in one ? one.problem : [])),
      warnings: [],
    };
  const problems = findProblems({ certPath, keyPath }, cert.text, key.text);
  if (problems.length > 0) return { files: undefined, problems, warnings: [] };
  return {
    files: { certPath, keyPath, certSha256: hash(cert.text), keySha256: hash(key.text) },
    problems,
    warnings: findWarnings(new X509Certificate(cert.text), nowMs).map((text) => `${certPath}: ${text}`),
  };
}

function findWarnings({ validFrom, validTo }: X509Certificate, nowMs: number): string[] {
  if (Date.parse(validTo) < nowMs) return [`the certificate has expired, on ${validTo}; clients refuse it.`];
  if (Date.parse(validFrom) <= nowMs) return [];
  return [`the certificate is not valid before ${validFrom}; clients refuse it until then.`];
}

function findProblems({ certPath, keyPath }: TlsPaths, certText: string, keyText: string): string[] {
  const certificate = parseCertificate(certText);
  const key = parseKey(keyText);
  if (typeof certificate === 'string' || typeof key === 'string')
    return [
      ...(typeof certificate === 'string' ? [`${certPath}: ${certificate}`] : []),
      ...(typeof key === 'string' ? [`${keyPath}: ${key}`] : []),
    ];
  return certificate.checkPrivateKey(key)
    ? []
    : [
        `${keyPath}: is not the key of ${certPath}; it must be that of the first certificate there, which is the broker's own.`,
      ];
}

// Or what is wrong with it, to stand after the path.
function parseCertificate(text: string): X509Certificate | string {
  if (!/^-----BEGIN CERTIFICATE-----\r?$/m.test(text))
    return 'holds no certificate; it must be in PEM form, with a line "-----BEGIN CERTIFICATE-----".';
  try {
    return new X509Certificate(text);
  } catch {
    return 'the certificate is damaged.';
  }
}

function parseKey(text: string): KeyObject | string {
  // Why first: OpenSSL would ask for the passphrase.
  if (/^(-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED)/m.test(text))
    return 'the key is encrypted, which is not supported; it must have no passphrase, and the file be for the broker only.';
  if (!/^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----\r?$/m.test(text))
    return 'holds no private key; it must be in PEM form, with a line "-----BEGIN PRIVATE KEY-----".';
  try {
    const key = createPrivateKey(text);
    return isUsable(key)
      ? key
      : 'a key of this kind cannot be used; allowed are RSA of at least 2048 bits, ECDSA (P-256, P-384, P-521) and Ed25519.';
  } catch {
    return 'the key is damaged.';
  }
}

function isUsable({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails;
  if (asymmetricKeyType === 'rsa') return modulusLength >= LEAST_RSA_BITS;
  return asymmetricKeyType === 'ed25519' || (asymmetricKeyType === 'ec' && CURVES.has(namedCurve));
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
