import { useMemo } from "react";
import type { FaultRequest } from "../../electron/contract/stack.ts";
import { LabFailure } from "../lab-client/lab-failure.ts";
import { useStores } from "./lab-context.tsx";
import { attempt, notify, notifyFailure } from "./notify.tsx";
import { parseRoute } from "./route.ts";
import { goTo } from "./use-route.ts";

/** The lab's actions, for any part of the page: each shows a notification with its result. */
export function useLabActions() {
  const { client, interaction, preferences } = useStores();
  return useMemo(() => {
    const undo = (target: string) =>
      attempt(`${target === "all" ? "Not everything" : target} could not be restored`, async () => {
        const { undone, residue } = await client.call.stack.undo({ target });
        if (residue.length > 0) notifyFailure("Not everything was restored", residue.join("; "));
        else notify(undone === 0 ? "Nothing to undo" : `${undone} ${undone === 1 ? "fault" : "faults"} undone`);
      });
    /** The Lab page shows beside the stack why it could not be brought up or taken down. */
    const move = async (what: string, work: () => Promise<unknown>) => {
      try {
        await work();
      } catch (error) {
        // It is being moved already: that is no state of the stack.
        const isBusy = error instanceof LabFailure && error.code === "busy";
        if (isBusy || parseRoute(window.location.hash).at !== "lab") notifyFailure(what, error);
      }
    };
    return {
      undo,
      async start(scenarioIds: string[], options: { without?: string[]; matrix?: boolean } = {}) {
        const { without = interaction.getState().without, matrix = false } = options;
        const started = await attempt("The run could not be started", () =>
          client.call.runs.start({ scenarioIds, without, matrix, pace: preferences.getState().pace }),
        );
        const first = started?.entries[0];
        if (first !== undefined) openWhenItRuns(first.entryId);
        return started;
      },
      /** It is the one that is played next time. Before an audience each step waits for the person. */
      async play(id: string) {
        const { isPresenting, pace: chosen, set } = preferences.getState();
        const pace = isPresenting && chosen === "none" ? "person" : chosen;
        set({ playlist: id });
        const started = await attempt("The playlist could not be started", () =>
          client.call.playlists.play({ id, pace }),
        );
        const first = started?.entries[0];
        if (first !== undefined) openWhenItRuns(first.entryId);
      },
      async rerun(runId: string, without?: string[], repeat = 1) {
        const started = await attempt("The run could not be repeated", () =>
          client.call.runs.rerun({ runId, repeat, ...(without === undefined ? {} : { without }) }),
        );
        const first = started?.entries[0];
        if (first !== undefined) openWhenItRuns(first.entryId);
      },
      next: () => attempt("The next step could not be started", () => client.call.runs.next()),
      cancel: (entryId: string) =>
        attempt("The run could not be cancelled", () => client.call.runs.cancel({ entryId })),
      continueLeft: () => attempt("The runs could not be continued", () => client.call.runs.continueLeft()),
      cancelLeft: () => attempt("The runs could not be cancelled", () => client.call.runs.cancelLeft()),
      halt: () =>
        attempt("Not everything could be halted", async () => {
          const { undone, residue } = await client.call.stack.halt();
          if (residue.length > 0) notifyFailure("Halted, but not everything was restored", residue.join("; "));
          else notify("Halted", `${undone} ${undone === 1 ? "fault" : "faults"} undone`);
        }),
      arm: () => attempt("The lab could not be armed", () => client.call.stack.arm()),
      up: () => move("The stack could not be brought up", () => client.call.stack.up()),
      down: () => move("The stack could not be taken down", () => client.call.stack.down()),
      listen: (on: boolean) =>
        attempt(on ? "The links cannot be listened to" : "Not everything could be removed from the links", () =>
          client.call.stack.listen({ on }),
        ),
      startService: (service: string) =>
        attempt(`${service} could not be started`, () => client.call.stack.start({ service })),
      fault: (request: FaultRequest) =>
        attempt(`${request.kind} ${request.target} could not be applied`, () => client.call.stack.fault(request)),
    };

    /** A run is queued until the stack is up; the window opens it as soon as it has a log. */
    function openWhenItRuns(entryId: string): void {
      interaction.getState().awaitEntry(entryId);
      // Already there, its filter stays.
      if (parseRoute(window.location.hash).at !== "lab") goTo({ at: "lab" });
    }
  }, [client, interaction, preferences]);
}
