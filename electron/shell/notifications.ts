import { Notification } from "electron";
import type { QueueEntry } from "../contract/runs.ts";
import { brief, textOf } from "../model/brief-text.ts";
import type { Shell } from "./shell.ts";

/** Notifies when a run ends while the window is not focused. A click opens the run. */
export function register(shell: Shell): void {
  void shell.service.then((service) =>
    service.runs.onEnded((entry) => {
      if (!Notification.isSupported() || !service.settings.current().notifications) return;
      const { batch, batchResult } = entry;
      // Runs that were requested together are announced together, when the last one has ended.
      if (batch.of > 1 && batchResult === null) return;
      const result = batch.of > 1 ? batchResult : null;
      if ((entry.outcome === "cancelled" && result === null) || shell.window?.isFocused()) return;
      const notification = new Notification(
        result === null
          ? { title: titleOf(entry), body: entry.headline ?? textOf(brief(entry.reason ?? "").pieces) }
          : { title: `${result.asExpected} of ${batch.of} runs ended as expected`, body: "Open the result" },
      );
      notification.on("click", () => shell.show(placeOf(entry)));
      notification.show();
    }),
  );
}

function placeOf({ batch, batchResult, runId }: QueueEntry): string {
  if (batch.of > 1 && batchResult !== null) return `batch/${batch.id}`;
  return runId === null ? "lab" : `run/${runId}`;
}

function titleOf({ outcome, scenarioTitle }: QueueEntry): string {
  return `${outcome === "passed" ? "Passed" : `Not green: ${outcome}`}: ${scenarioTitle}`;
}
