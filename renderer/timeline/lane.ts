import type { Tone } from "../../electron/model/tone.ts";
import { SpanColumns } from "./span-columns.ts";

export const LANE_KINDS = [
  "phases",
  "steps",
  "faults",
  "hits",
  "health",
  "calls",
  "approvals",
  "checks",
  "logs",
] as const;
export type LaneKind = (typeof LANE_KINDS)[number];

/** A piece of a label; its tone colours it. */
export interface LabelPart {
  text: string;
  tone?: Tone;
}

/** One band of the timeline. */
export class Lane {
  readonly kind: LaneKind;
  readonly title: string;
  readonly spans = new SpanColumns();
  /** What each row is about, where rows have a meaning: the services. */
  readonly rowTitles: string[] = [];
  readonly #labels: LabelPart[][] = [];

  constructor(kind: LaneKind, title: string) {
    this.kind = kind;
    this.title = title;
  }

  label(index: number): readonly LabelPart[] {
    return this.#labels[index] ?? [];
  }

  setLabel(index: number, parts: LabelPart[]): void {
    this.#labels[index] = parts;
  }

  /** The row of a service, a new one at its first mention. */
  rowOf(title: string): number {
    const known = this.rowTitles.indexOf(title);
    return known >= 0 ? known : this.rowTitles.push(title) - 1;
  }
}

export function labelText(parts: readonly LabelPart[]): string {
  return parts.map(({ text }) => text).join("");
}
