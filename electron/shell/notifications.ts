import { Notification } from "electron";
import type { QueueEntry } from "../contract/runs.ts";
import { brief, textOf } from "../model/brief-text.ts";
import type { Shell } from "./shell.ts";

/** Notifies when a run ends while the window is not focused. A click opens the run. */
export function register(shell: Shell): void {
  void shell.service.then((service) =>
    service.runs.onEnded((entry) => {
      if (!Notification.isSupported() || !service.settings.current().notifications) return;
      if (entry.outcome === "cancelled" || shell.window?.isFocused()) return;
      const notification = new Notification({
        title: titleOf(entry),
        body: entry.headline ?? textOf(brief(entry.reason ?? "").pieces),
      });
      notification.on("click", () => shell.show(entry.runId === null ? "lab" : `run/${entry.runId}`));
      notification.show();
    }),
  );
}

function titleOf({ outcome, scenarioTitle }: QueueEntry): string {
  return `${outcome === "passed" ? "Passed" : `Not green: ${outcome}`}: ${scenarioTitle}`;
}
