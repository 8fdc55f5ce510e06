import { useMemo } from "react";
import type { FaultRequest } from "../../electron/contract/stack.ts";
import { useStores } from "./lab-context.tsx";
import { attempt, tell, tellFailure } from "./tell.tsx";
import { goTo } from "./use-route.ts";

/** What a person can have the lab do, from wherever in the page: each tells what came of it. */
export function useLabActions() {
  const { client, interaction } = useStores();
  return useMemo(() => {
    const undo = (target: string) =>
      attempt(`${target === "all" ? "Not everything" : target} could not be put back`, async () => {
        const { undone, residue } = await client.call.stack.undo({ target });
        if (residue.length > 0) tellFailure("Something is not as it was", residue.join("; "));
        else tell(undone === 0 ? "There was nothing to undo" : `${undone} ${undone === 1 ? "fault" : "faults"} undone`);
      });
    return {
      undo,
      async start(scenarioIds: string[], options: { without?: string[]; opens?: boolean } = {}) {
        const without = options.without ?? interaction.getState().without;
        const started = await attempt("The run could not be started", () =>
          client.call.runs.start({ scenarioIds, without }),
        );
        const first = started?.entries[0];
        if (first !== undefined && options.opens !== false) openWhenItRuns(first.entryId);
        return started;
      },
      async rerun(runId: string, without?: string[]) {
        const started = await attempt("The run could not be repeated", () =>
          client.call.runs.rerun({ runId, ...(without === undefined ? {} : { without }) }),
        );
        const first = started?.entries[0];
        if (first !== undefined) openWhenItRuns(first.entryId);
      },
      cancel: (entryId: string) =>
        attempt("The run could not be cancelled", () => client.call.runs.cancel({ entryId })),
      halt: () =>
        attempt("Not everything could be halted", async () => {
          const { undone, residue } = await client.call.stack.halt();
          if (residue.length > 0) tellFailure("Halted, but something is not as it was", residue.join("; "));
          else tell("Halted", `${undone} ${undone === 1 ? "fault" : "faults"} undone; nothing is broken any more`);
        }),
      arm: () => attempt("The lab could not be armed", () => client.call.stack.arm()),
      up: () => attempt("The stack could not be brought up", () => client.call.stack.up()),
      down: () => attempt("The stack could not be taken down", () => client.call.stack.down()),
      startService: (service: string) =>
        attempt(`${service} could not be started`, () => client.call.stack.start({ service })),
      fault: (request: FaultRequest) =>
        attempt(`${request.kind} ${request.target} could not be done`, () => client.call.stack.fault(request)),
    };

    /** A run waits in the queue until the stack is up; the window goes to it as soon as it has a log to show. */
    function openWhenItRuns(entryId: string): void {
      interaction.getState().awaitEntry(entryId);
      goTo({ at: "lab" });
    }
  }, [client, interaction]);
}
