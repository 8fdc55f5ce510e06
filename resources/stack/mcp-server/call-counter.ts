/** Counts the tools/call messages that reached this server, so that a run can compare calls sent with calls executed. */
export class CallCounter {
  readonly #toolNames: readonly string[];
  #total = 0;
  #byTool: Record<string, number> = {};

  constructor(toolNames: readonly string[]) {
    this.#toolNames = toolNames;
  }

  /** Counts the calls in a POSTed message or batch. An unknown tool counts only in the total. */
  count(body: unknown): void {
    for (const message of Array.isArray(body) ? body : [body]) {
      if (message?.method !== "tools/call") continue;
      this.#total += 1;
      const name = this.#toolNames.find((known) => known === message.params?.name);
      if (name) this.#byTool[name] = (this.#byTool[name] ?? 0) + 1;
    }
  }

  read(): Record<string, number> {
    return { total: this.#total, ...this.#byTool };
  }

  reset(): void {
    this.#total = 0;
    this.#byTool = {};
  }
}
