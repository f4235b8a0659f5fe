// Reading values of unknown shape: anybody may publish anything, a commit without a subject as well.

/** The value as an object, if it is one. */
export function toRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : undefined;
}

/** The value if it is a string, else nothing. */
export function toText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The strings of a list. */
export function toTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}
