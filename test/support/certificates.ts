// A certificate authority for one test, whose certificates nobody else trusts. It needs the openssl program.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate for localhost and 127.0.0.1. */
export interface TestCertificate {
  readonly certPath: string;
  readonly keyPath: string;
}

/** Whether the openssl program is there. @throws Error instead where CI is `true` */
export function hasOpenssl(): boolean {
  if (spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0) return true;
  if (process.env['CI'] === 'true') throw new Error('openssl is not there');
  return false;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class CertificateAuthority {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'gitpubsub-ca-'));
  /** Its own certificate, which its clients trust. */
  readonly certPath: string = this.pathOf('ca.crt');

  /** Its own certificate as text, once it has issued another. */
  get certificate(): string {
    return readFileSync(this.certPath, 'utf8');
  }

  pathOf(name: string): string {
    return join(this.directory, name);
  }

  /** Makes a certificate with this common name, in files of this name. */
  issue(name: string): TestCertificate {
    if (!existsSync(this.certPath)) this.#found();
    const [certPath, keyPath, requestPath] = [`${name}.crt`, `${name}.key`, `${name}.csr`].map((file) =>
      this.pathOf(file),
    ) as [string, string, string];
    const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
    run([
      'req',
      ...NEW_KEY,
      '-keyout',
      keyPath,
      '-out',
      requestPath,
      '-subj',
      `/CN=${name}`,
      '-addext',
      names,
    ]);
    const authority = ['-CA', this.certPath, '-CAkey', this.pathOf('ca.key'), '-CAcreateserial'];
    run([
      'x509',
      '-req',
      '-in',
      requestPath,
      ...authority,
      '-copy_extensions',
      'copy',
      '-days',
      '2',
      '-out',
      certPath,
    ]);
    return { certPath, keyPath };
  }

  /** Puts one certificate in the files of another one, as a renewal does. */
  renew(files: TestCertificate, by: TestCertificate): void {
    cpSync(by.certPath, files.certPath);
    cpSync(by.keyPath, files.keyPath);
  }

  dispose(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #found(): void {
    const files = ['-keyout', this.pathOf('ca.key'), '-out', this.certPath];
    run(['req', '-x509', ...NEW_KEY, ...files, '-days', '2', '-subj', '/CN=Test authority']);
  }
}

function run(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
