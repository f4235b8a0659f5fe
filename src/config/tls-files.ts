// The certificate and key for TLS, judged before the HTTP library gets them, since that does not say what is wrong.
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { toPrintable } from '../core/printable.ts';
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
}

/** Where the files are. */
export type TlsPaths = Pick<TlsFiles, 'certPath' | 'keyPath'>;

/** Reads both and says what is wrong with them. */
export function readTlsFiles({ certPath, keyPath }: TlsPaths, readFile: ReadFile): TlsFileCheck {
  const cert = readText(certPath, readFile, 'certificate');
  const key = readText(keyPath, readFile, 'key');
  if ('problem' in cert || 'problem' in key)
    return {
      files: undefined,
      problems: [cert, key].flatMap((one) => ('problem' in one ? one.problem : [])),
    };
  const problems = findProblems({ certPath, keyPath }, cert.text, key.text).map(toPrintable);
  if (problems.length > 0) return { files: undefined, problems };
  return { files: { certPath, keyPath, certSha256: hash(cert.text), keySha256: hash(key.text) }, problems };
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

function parseKey(text: string): ReturnType<typeof createPrivateKey> | string {
  // Why first: OpenSSL would ask for the passphrase.
  if (/^(-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED)/m.test(text))
    return 'the key is encrypted, which is not supported; it must have no passphrase, and the file be for the broker only.';
  if (!/^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----\r?$/m.test(text))
    return 'holds no private key; it must be in PEM form, with a line "-----BEGIN PRIVATE KEY-----".';
  try {
    return createPrivateKey(text);
  } catch {
    return 'the key is damaged.';
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
