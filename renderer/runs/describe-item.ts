import type { SkippedProgress, StreamItem } from "../../electron/contract/events.ts";
import { describeEvent } from "../../electron/model/catalogue/catalogue.ts";
import type { EventLine } from "../../electron/model/catalogue/entry.ts";

/** One line for an item of a run's stream in a list. */
export function describeItem(item: StreamItem): EventLine {
  return item.type === "skipped" ? { kind: "logs", text: skippedText(item), tone: "muted" } : describeEvent(item);
}

function skippedText({ lines }: SkippedProgress): string {
  const count = Object.values(lines).reduce((sum, each) => sum + each, 0);
  return `${count} log lines were not sent, to keep up; open the run again to see them`;
}

/** Does any part of the event hold the text? What is asked for is lower case already. */
export function eventHolds(event: StreamItem, wanted: string): boolean {
  return wanted === "" || JSON.stringify(event).toLowerCase().includes(wanted);
}
