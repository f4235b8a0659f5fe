// SIGHUP: the files of the configuration have changed, or the terminal is gone.
import { isatty } from 'node:tty';

const STANDARD_INPUT = 0;

/** Catches the signal, which would otherwise end the process: nothing is done before `start` or after `stop`. */
export class ReloadSignal {
  readonly #hadTerminal = isatty(STANDARD_INPUT);
  #isMissed = false;
  #reload: (() => void) | undefined;

  constructor() {
    // Never taken off, so that the signal harms no stop either.
    process.on('SIGHUP', () => this.#take());
  }

  /** Calls back for each signal from now on, and once for all that came before. */
  start(reload: () => void): void {
    this.#reload = reload;
    if (this.#isMissed) reload();
  }

  /** Leaves signals alone from now on. */
  stop(): void {
    this.#reload = () => {};
  }

  #take(): void {
    if (this.#hadTerminal && !isatty(STANDARD_INPUT)) this.#end();
    else if (this.#reload) this.#reload();
    else this.#isMissed = true;
  }

  // Who closes the window of a broker does not want to find its port taken later. Measured: Node can't end in another way
  // then, for it wants to reset the terminal.
  #end(): void {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  }
}
