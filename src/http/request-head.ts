// A request's head, copied out of the library's object, which is valid only while its handler runs.
import type { HttpRequest } from 'uWebSockets.js';

/** Method, path, query and headers of one request. */
export class RequestHead {
  /** As sent: methods are case-sensitive. */
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
  readonly #headers: (readonly [name: string, value: string])[] = [];

  constructor(request: HttpRequest) {
    // Why first: the library's other method getter lowers the case in place.
    this.method = request.getCaseSensitiveMethod();
    this.path = request.getUrl();
    this.query = request.getQuery() ?? '';
    request.forEach((name, value) => this.#headers.push([name, value]));
  }

  /** The first header of this lower-case name. */
  get(name: string): string | undefined {
    return this.#headers.find((header) => header[0] === name)?.[1];
  }

  /** All values of this lower-case name, in order. */
  all(name: string): string[] {
    return this.#headers.filter((header) => header[0] === name).map((header) => header[1]);
  }

  /** Whether there is any header of these lower-case names. */
  hasAny(names: ReadonlySet<string>): boolean {
    return this.#headers.some((header) => names.has(header[0]));
  }

  /** Whether a body follows, or may follow. */
  get hasBody(): boolean {
    return (this.get('content-length') ?? '0') !== '0' || this.get('transfer-encoding') !== undefined;
  }
}
