// Where log lines go: standard output, which must never hold up the broker, whatever is behind it.
import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

const STANDARD_OUTPUT = 1;

/** What may wait for a reader that doesn't keep up, in bytes; lines beyond it are dropped. */
const MAX_WAITING_BYTES: number = 1024 * 1024;

/** How long the last lines get to leave, in milliseconds. */
const CLOSE_DEADLINE_MS = 500;

/** Takes whole lines. */
export interface LogOutput {
  write(line: string): void;
  /** Resolves when the last lines have left, or could not within a moment. */
  close(): Promise<void>;
}

/** Opens standard output as what it is. */
export function openLogOutput(): LogOutput {
  const stats = fstatSync(STANDARD_OUTPUT);
  return stats.isFIFO() || stats.isSocket() ? openPipe() : openFile();
}

// Why not process.stdout: it waits for the reader of a pipe, and with it the broker would.
function openPipe(): LogOutput {
  const socket = new Socket({ fd: STANDARD_OUTPUT, readable: false, writable: true });
  socket.on('error', ignore);
  return {
    write: (line) => {
      if (socket.writableLength < MAX_WAITING_BYTES) socket.write(line);
    },
    close: () => closePipe(socket),
  };
}

function closePipe(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    };
    const timer = setTimeout(finish, CLOSE_DEADLINE_MS);
    socket.once('close', finish);
    socket.end(finish);
  });
}

function openFile(): LogOutput {
  return {
    write: (line) => {
      try {
        writeSync(STANDARD_OUTPUT, line);
      } catch {
        // A full disk costs lines of the log, not the service.
      }
    },
    close: () => Promise.resolve(),
  };
}

function ignore(): void {}
