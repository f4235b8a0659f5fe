// The logger port: what the layers may say to the log file. pino, in app.ts, is the one implementation.

/** Structured fields of a log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where log lines go; fields first, then a constant message. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
