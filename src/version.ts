// The version of this package, from its package.json.
import { readFileSync } from 'node:fs';

/** As in package.json: `1.2.3`. Reads the file, which lies one folder up from the sources and from the build alike. */
export function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
