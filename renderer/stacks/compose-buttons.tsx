import { useState } from "react";
import type { ComposeAction, ListedProject } from "../../electron/contract/stacks.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { attempt, notify } from "../state/notify.tsx";
import { whyNotRun } from "../state/why-not-run.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { useChoices } from "./choices-context.ts";
import classes from "./stacks-page.module.css";

/** Brings a project up, or stops it, with the compose tool of the machine, and shows what that prints meanwhile. */
export function ComposeButtons({ project, isOpen }: { project: ListedProject; isOpen: boolean }) {
  const { client } = useStores();
  const { composeTool, refresh } = useChoices();
  const [pending, setPending] = useState<ComposeAction>();
  const cannot = useLab(whyNotRun);
  const composing = useLab((state) => state.lab?.stack.composing ?? null);
  const running = project.services.filter((each) => each.running > 0).length;
  const mine = composing?.project === project.project ? composing : undefined;
  const act = async (action: ComposeAction) => {
    setPending(action);
    const request = { project: project.project, action };
    const done = attempt(`${project.project} could not be ${WORDS[action]}`, () => client.call.stacks.compose(request));
    if ((await done) !== undefined) notify(`${project.project} was ${WORDS[action]}`);
    setPending(undefined);
    await refresh();
  };
  const because =
    cannot ??
    (composeTool === null
      ? "This machine has no compose tool: install docker compose"
      : composing !== null
        ? `${composing.project} is being ${WORDS[composing.action]}`
        : isOpen
          ? "It is open: open another stack first"
          : undefined);
  const hint = composeTool == null ? undefined : `With ${composeTool}`;
  return (
    <>
      {running < project.services.length && (
        <ReasonedButton
          variant="default"
          aria-label={`Bring up ${project.project}`}
          disabledBecause={because}
          hint={hint}
          loading={pending === "up"}
          onClick={() => void act("up")}
        >
          Bring up
        </ReasonedButton>
      )}
      {running > 0 && !isOpen && (
        <ReasonedButton
          variant="subtle"
          aria-label={`Stop ${project.project}`}
          disabledBecause={because}
          hint={hint}
          loading={pending === "stop"}
          onClick={() => void act("stop")}
        >
          Stop
        </ReasonedButton>
      )}
      {mine !== undefined && (
        <div className={classes.composing} role="status">
          <pre>{mine.lines.slice(-6).join("\n") || "..."}</pre>
          <ReasonedButton size="xs" variant="default" onClick={() => void client.call.stacks.cancelCompose()}>
            Cancel
          </ReasonedButton>
        </div>
      )}
    </>
  );
}

const WORDS: Record<ComposeAction, string> = { up: "brought up", stop: "stopped" };
