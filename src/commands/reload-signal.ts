// SIGHUP: the files of the configuration have changed.

/** Catches the signal, which would otherwise end the process: nothing is done before `start` or after `stop`. */
export class ReloadSignal {
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
    if (this.#reload) this.#reload();
    else this.#isMissed = true;
  }
}
