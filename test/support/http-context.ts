// What handlers are given, with only the parts that a test names.
import type { HttpContext } from '../../src/http/context.ts';

/** A context of these parts; whatever else is touched is missing. */
export function createHttpContext(parts: Partial<HttpContext>): HttpContext {
  return parts as HttpContext;
}
