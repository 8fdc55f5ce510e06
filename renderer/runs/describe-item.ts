import type { SkippedProgress, StreamItem } from "../../electron/contract/events.ts";
import { describeEvent } from "../../electron/model/catalogue/catalogue.ts";
import type { EventLine } from "../../electron/model/catalogue/entry.ts";

/** One line for an item of a run's stream in a list. */
export function describeItem(item: StreamItem): EventLine {
  return item.type === "skipped" ? { kind: "logs", text: skippedText(item), tone: "muted" } : describeEvent(item);
}

function skippedText({ lines }: SkippedProgress): string {
  const count = Object.values(lines).reduce((sum, each) => sum + each, 0);
  return `${count} log lines were skipped; reopen the run to see them`;
}

/** Whether any part of the event contains the text, which must be lower case. */
export function eventContains(event: StreamItem, wanted: string): boolean {
  return wanted === "" || JSON.stringify(event).toLowerCase().includes(wanted);
}
