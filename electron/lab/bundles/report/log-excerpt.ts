import type { LoggedText } from "../../../model/catalogue/log-entries.ts";

/** The page shows only the end of the logs; the bundle has all of them. */
const KEPT = 300;
const LINE_CHARS = 500;

export interface ExcerptLine {
  atMs: number;
  service: string;
  text: string;
}

/** The last log lines of the services. */
export class LogExcerpt {
  #lines: ExcerptLine[] = [];
  #total = 0;

  take(atMs: number, { service, text }: LoggedText): void {
    this.#total++;
    this.#lines.push({ atMs, service, text: text.length > LINE_CHARS ? `${text.slice(0, LINE_CHARS)}…` : text });
    if (this.#lines.length > 2 * KEPT) this.#lines = this.#lines.slice(-KEPT);
  }

  get total(): number {
    return this.#total;
  }

  lines(): readonly ExcerptLine[] {
    return this.#lines.slice(-KEPT);
  }
}
