/** Slots that have found nothing to do, and what makes them look again. */
export class IdleSlots {
  readonly #idle: (() => void)[] = [];
  /** Wake-ups that no slot was idle for. */
  readonly #unheard: (() => void)[] = [];
  /** Whether there was another since a slot last began to look. */
  #isMissed = false;

  /** There may be something to do: one idle slot looks at once. */
  wake(): void {
    const look = this.#idle.shift();
    if (look === undefined) this.#isMissed = true;
    else look();
  }

  /** The same; resolves when a slot has become idle, and looks. */
  wakeWhenIdle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#idle.length === 0) this.#unheard.push(resolve);
      else {
        this.wake();
        resolve();
      }
    });
  }

  /** A slot begins to look: it sees all that was there until now. */
  looks(): void {
    this.#isMissed = false;
  }

  /** Resolves when a slot that has found nothing is to look again, or the signal aborts. */
  wait(signal: AbortSignal): Promise<void> {
    const wakeUp = this.#unheard.shift();
    wakeUp?.();
    if (wakeUp !== undefined || this.#isMissed || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Nobody looks any more. */
  end(): void {
    for (const each of [...this.#idle.splice(0), ...this.#unheard.splice(0)]) each();
  }
}
