import type { TextPart } from "../../electron/model/catalogue/entry.ts";
import type { LaneKind } from "../../electron/model/lanes.ts";
import { SpanColumns } from "./span-columns.ts";

/** One lane of the timeline. */
export class Lane {
  readonly kind: LaneKind;
  readonly title: string;
  readonly spans = new SpanColumns();
  /** Titles of the rows, in lanes whose rows are services. */
  readonly rowTitles: string[] = [];
  readonly #labels: TextPart[][] = [];

  constructor(kind: LaneKind, title: string) {
    this.kind = kind;
    this.title = title;
  }

  label(index: number): readonly TextPart[] {
    return this.#labels[index] ?? [];
  }

  setLabel(index: number, parts: TextPart[]): void {
    this.#labels[index] = parts;
  }

  /** The row of a service, added on first use. */
  rowOf(title: string): number {
    const known = this.rowTitles.indexOf(title);
    return known >= 0 ? known : this.rowTitles.push(title) - 1;
  }
}

export function labelText(parts: readonly TextPart[]): string {
  return parts.map(({ text }) => text).join("");
}
