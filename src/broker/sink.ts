// What a subscription writes to. The interface belongs to the broker; http/ implements it.
import type { LogFields } from '../core/logger.ts';
import type { Batch } from './batch.ts';
import type { Watermark } from './watermark.ts';

/** Where the events of one subscription go: an open response. After `end` or `cut` every call does nothing. */
export interface Sink {
  /** Who reads it, for the log. */
  readonly reader: LogFields;
  /**
   * Hands over a batch and, behind it, a keep-alive with its watermark. Always takes all of it.
   * @returns false when the client doesn't keep up: nothing more may be written until the sink tells that it drained
   */
  write(batch: Batch): boolean;
  /** Hands over a keep-alive. @returns as {@link Sink.write} */
  keepAlive(watermark: Watermark): boolean;
  /** Of a full sink: tries to send what is waiting. @returns whether all of it went, so that it may be written to again */
  nudge(): boolean;
  /** Ends the stream cleanly. */
  end(): void;
  /** Ends the stream so that the client sees that something is missing. */
  cut(): void;
}
