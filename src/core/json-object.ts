// Reading JSON of unknown shape: anybody may publish, or answer, anything.

/** Whether a JSON value has members; an array has none that count. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
