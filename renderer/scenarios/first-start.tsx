import { IconPlayerPlay } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { ScenarioSummary } from "../../electron/contract/scenarios.ts";
import type { StackChoices } from "../../electron/contract/stacks.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useStores } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./first-start.module.css";

interface FirstStartProps {
  demo: readonly ScenarioSummary[];
  services: readonly string[];
  disabledBecause: string | undefined;
}

/** First start: runs the demo, with a list of its steps. */
export function FirstStart({ demo, services, disabledBecause }: FirstStartProps) {
  const actions = useLabActions();
  const { client } = useStores();
  const [choices, setChoices] = useState<StackChoices>();
  useEffect(() => {
    // Without an answer only the reference stack is offered.
    client.call.stacks.list().then(setChoices, () => {});
  }, [client]);
  return (
    <section className={classes.first} aria-labelledby="first-title">
      <div>
        <h2 id="first-title">See how an agent's gateway behaves under failures</h2>
        <p>
          The demo starts {services.length === 0 ? "a small stack" : `${services.length} services`} on this computer,
          breaks them on purpose, and undoes everything. It takes about half a minute and touches nothing outside this
          computer.
        </p>
        <ReasonedButton
          size="md"
          leftSection={<IconPlayerPlay size={18} aria-hidden />}
          disabledBecause={disabledBecause}
          onClick={() =>
            void actions.start(
              demo.map(({ id }) => id),
              { without: [] },
            )
          }
        >
          Run the demo
        </ReasonedButton>
        <p className={classes.own}>
          {/* The longest answer of the engine keeps its place, so that nothing below moves when it has come. */}
          <span className={classes.place} aria-hidden>
            {ownStackText({ is: "ready" }, 99)} {OPEN_OWN}
          </span>
          {choices !== undefined && (
            <span>
              {ownStackText(choices.engine, choices.projects.length)}{" "}
              <a href={formatRoute({ at: "stacks" })}>{OPEN_OWN}</a>
            </span>
          )}
        </p>
      </div>
      <ol>
        <li>
          <b>The stack comes up</b>
          <span>{services.length === 0 ? "agent, gateway, tools, approvals, audit log" : services.join(", ")}</span>
        </li>
        {demo.map(({ id, title, breaks }) => (
          <li key={id}>
            <b>{title}</b>
            <span>{breaks.length === 0 ? "no faults" : breaks.join(", ")}</span>
          </li>
        ))}
        <li>
          <b>Everything is undone</b>
          <span>and the steady state is checked again</span>
        </li>
      </ol>
    </section>
  );
}

const OPEN_OWN = "Open your own stack";

function ownStackText({ is }: Pick<StackChoices["engine"], "is">, projects: number): string {
  const which = is === "ready" ? `Docker runs here${projectsText(projects)}. Any` : "With Docker, any compose";
  return `${which} project can be broken and is left as it was found.`;
}

function projectsText(count: number): string {
  return count === 0 ? "" : `, with ${count === 1 ? "a compose project" : `${count} compose projects`}`;
}
