import type { ChildProcess } from "node:child_process";
import { isSameProcess, type ProcessIdentity } from "../process-identity.ts";

/** The kernel notifies only the parent of a process of its end: the end of any other has to be polled. */
const POLL_INTERVAL_MS = 250;

/** Reports processes of services that end: at once those that this process has started. */
export class ProcessExits {
  readonly #listeners = new Set<(service: string) => void>();
  readonly #children = new Set<number>();
  readonly #adopted = new Map<string, ProcessIdentity>();
  #polling: NodeJS.Timeout | undefined;

  /** @returns ends it */
  listen(listener: (service: string) => void): () => void {
    this.#listeners.add(listener);
    this.#pollIfNeeded();
    return () => {
      this.#listeners.delete(listener);
      this.#pollIfNeeded();
    };
  }

  follow(service: string, child: ChildProcess): void {
    const { pid } = child;
    if (pid === undefined) return;
    this.#children.add(pid);
    this.#adopted.delete(service);
    child.once("exit", () => {
      this.#children.delete(pid);
      this.#tell(service);
    });
  }

  /** A process that somebody else has started. */
  adopt(service: string, identity: ProcessIdentity): void {
    if (this.#children.has(identity.pid)) return;
    this.#adopted.set(service, identity);
    this.#pollIfNeeded();
  }

  #pollIfNeeded(): void {
    const isNeeded = this.#listeners.size > 0 && this.#adopted.size > 0;
    if (isNeeded) this.#polling ??= setInterval(() => this.#poll(), POLL_INTERVAL_MS).unref();
    if (isNeeded || this.#polling === undefined) return;
    clearInterval(this.#polling);
    this.#polling = undefined;
  }

  #poll(): void {
    for (const [service, identity] of this.#adopted) {
      if (isSameProcess(identity)) continue;
      this.#adopted.delete(service);
      this.#tell(service);
    }
    this.#pollIfNeeded();
  }

  #tell(service: string): void {
    for (const listener of [...this.#listeners]) listener(service);
  }
}
