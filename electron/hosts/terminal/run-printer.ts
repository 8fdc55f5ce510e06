import { printEvent } from "../../model/catalogue/catalogue.ts";
import type { PrintedLine, TextPart } from "../../model/catalogue/entry.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { Narrator } from "../../model/narration.ts";
import type { Tone } from "../../model/tone.ts";
import { visibleLine } from "../../model/visible-text.ts";
import type { Paint, Style } from "./paint.ts";

const GOOD = "green";
const BAD = "red";
const UNSURE = "yellow";

/** Absent for tones that a terminal shows as plain text. */
const STYLES: { readonly [Each in Tone]?: "green" | "red" | "yellow" | "gray" | "magenta" | "dim" } = {
  muted: "dim",
  up: GOOD,
  allow: GOOD,
  approved: GOOD,
  redact: GOOD,
  passed: GOOD,
  unknown: UNSURE,
  degraded: UNSURE,
  warning: UNSURE,
  approvalRequired: UNSURE,
  expired: "gray",
  budgetExceeded: "magenta",
  fault: BAD,
  deny: BAD,
  denied: BAD,
  upstream_error: BAD,
  down: BAD,
  failed: BAD,
};

const WORD_WIDTH = 9;

/** Prints a run as it happens, one line per event: time, type and text. Log lines are only in the history. */
export class RunPrinter {
  readonly #write: (line: string) => void;
  readonly #paint: Paint;
  readonly #narrator: Narrator | undefined;

  /** @param narrates prints what an audience reads, too */
  constructor(write: (line: string) => void, paint: Paint, narrates = false) {
    this.#write = write;
    this.#paint = paint;
    this.#narrator = narrates ? new Narrator() : undefined;
  }

  take(event: LabEvent): void {
    const said = this.#narrator?.take(event);
    if (said !== undefined && event.seq > 1) this.#narrate(said);
    this.#print(event);
    // The title of a run comes before its opening.
    if (said !== undefined && event.seq === 1) this.#narrate(said);
  }

  #narrate(text: string): void {
    this.#write("");
    this.#write(this.#paint(["bold"], text));
    this.#write("");
  }

  #print(event: LabEvent): void {
    for (const line of printEvent(event)) this.#write(this.#format(line, event.atMs));
  }

  #format({ word, parts }: PrintedLine, atMs: number): string {
    const text = parts.map((part) => this.#formatPart(part)).join("");
    if (word === undefined) return text;
    const time = `${(atMs / 1000).toFixed(2).padStart(7)} s`;
    return `${this.#paint("dim", time)}  ${word.padEnd(WORD_WIDTH)} ${text}`;
  }

  /** Adds the lab's own colour codes; control characters of the text are written out. */
  #formatPart({ text, tone, isStrong }: TextPart): string {
    const harmlessText = visibleLine(text);
    const colour = tone === undefined ? undefined : STYLES[tone];
    const styles = [...(colour === undefined ? [] : [colour]), ...(isStrong ? (["bold"] as const) : [])];
    return styles.length === 0 ? harmlessText : this.#paint(styles as Style, harmlessText);
  }
}
