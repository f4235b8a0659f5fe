// The live page: its files, read once at start, and how they are answered. [P15]
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { GitPubSubError } from '../core/errors.ts';
import type { Exchange, HeaderList } from './exchange.ts';
import type { RequestHead } from './request-head.ts';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const INDEX = 'index.html';

/** Stands in the page's HTML for the name of this state of its files. */
const VERSION = 'VERSION';

// What the page may do: load its own files and read streams of the broker it came from; make no HTML of text.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const COMMON_HEADERS: HeaderList = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['Content-Security-Policy', CONTENT_SECURITY_POLICY],
];

/** The page and what belongs to it. */
export class Page {
  readonly #html: string;
  readonly #tag: string;
  readonly #files: ReadonlyMap<string, { readonly mediaType: string; readonly body: string }>;

  /** Takes the texts of its files by their names. */
  constructor(files: ReadonlyMap<string, string>) {
    const hash = createHash('sha256');
    for (const [name, text] of [...files].toSorted(([one], [other]) => (one < other ? -1 : 1)))
      hash.update(`${name}\n${text}\n`);
    const version = hash.digest('hex').slice(0, 16);
    this.#tag = `"${version}"`;
    this.#html = (files.get(INDEX) ?? '').replaceAll(VERSION, version);
    this.#files = new Map(
      [...files].map(([name, body]) => [
        `/-/page/${version}/${name}`,
        { mediaType: MEDIA_TYPES[extname(name)] ?? '', body },
      ]),
    );
  }

  /** Whether a path is one of its files. */
  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** Answers with the page; it is the same for every topic. */
  answer(exchange: Exchange, head: RequestHead): void {
    const headers: HeaderList = [
      ['Vary', 'Accept'],
      ['Cache-Control', 'no-cache'],
      ['ETag', this.#tag],
      ...COMMON_HEADERS,
    ];
    if (head.get('if-none-match')?.includes(this.#tag))
      return exchange.answer({ status: '304 Not Modified', headers });
    const html: HeaderList = [['Content-Type', MEDIA_TYPES['.html'] ?? ''], ...headers];
    exchange.answer({ status: '200 OK', headers: html, body: this.#html });
  }

  /** Answers with one of its files, whose path changes with them. @throws GitPubSubError `not-found` */
  answerFile(exchange: Exchange, path: string): void {
    const file = this.#files.get(path);
    if (!file) throw new GitPubSubError('not-found', `The page has no file ${path}.`);
    exchange.answer({
      status: '200 OK',
      headers: [
        ['Content-Type', file.mediaType],
        ['Cache-Control', 'public, max-age=31536000, immutable'],
        ['Cross-Origin-Resource-Policy', 'same-origin'],
        ...COMMON_HEADERS,
      ],
      body: file.body,
    });
  }
}

/** Reads the page from the directory of its build. @throws GitPubSubError `cannot-start` when it isn't there */
export function readPage(directory: URL): Page {
  try {
    const names = readdirSync(directory).filter((name) => extname(name) in MEDIA_TYPES);
    return new Page(new Map(names.map((name) => [name, readFileSync(new URL(name, directory), 'utf8')])));
  } catch (error) {
    throw new GitPubSubError('cannot-start', `The live page is missing from ${directory.pathname}.`, {
      cause: error,
    });
  }
}
