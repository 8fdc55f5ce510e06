import { Button, Collapse } from "@mantine/core";
import { IconBolt, IconChevronDown, IconPlayerPlay, IconShieldOff } from "@tabler/icons-react";
import { useState } from "react";
import type { ScenarioDetail, ScenarioPlan, ScenarioSummary } from "../../electron/contract/scenarios.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { wasStackDown } from "../state/why-not-run.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { Hint } from "../ui/hint.tsx";
import { OUTCOME_LOOKS, OutcomeMark } from "../ui/outcome.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { ago, formatDuration } from "../ui/times.ts";
import classes from "./scenario-card.module.css";

interface ScenarioCardProps {
  scenario: ScenarioSummary;
  disabledBecause: string | undefined;
  nowMs: number;
  onPattern: (pattern: string) => void;
}

/** A scenario: its faults, its patterns and its last outcomes. */
export function ScenarioCard({ scenario, disabledBecause, nowMs, onPattern }: ScenarioCardProps) {
  const { id, title, summary, patterns, protection, breaks, needs, lastVerdicts, origin } = scenario;
  const actions = useLabActions();
  const { client } = useStores();
  const entry = useLab((state) => state.lab?.queue.active.find(({ scenarioId }) => scenarioId === id));
  // Newest first.
  const last = useLab((state) => state.lab?.queue.ended.find(({ scenarioId }) => scenarioId === id));
  const isStackUp = useLab((state) => state.lab?.stack.state === "up");
  const wasDown = wasStackDown(last?.reason ?? null);
  const hasNotStarted =
    entry === undefined && last?.runId === null && last.outcome !== "cancelled" && !(wasDown && isStackUp);
  const [detail, setDetail] = useState<ScenarioDetail>();
  const [plan, setPlan] = useState<ScenarioPlan>();
  const [isOpen, setOpen] = useState(false);

  const toggle = () => {
    setOpen(!isOpen);
    if (isOpen) return;
    // Requested each time: targets change when the stack is brought up again.
    void attempt("The plan could not be loaded", () => client.call.scenarios.plan({ id })).then(setPlan);
    if (detail !== undefined) return;
    void attempt("The scenario could not be loaded", () => client.call.scenarios.get({ id })).then(setDetail);
  };

  return (
    <article className={classes.card} data-running={entry !== undefined || undefined} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <Verdicts verdicts={lastVerdicts} nowMs={nowMs} />
      </header>
      <p className={classes.summary}>{summary}</p>
      {hasNotStarted && (
        <p className={classes.notStarted}>
          Not started:{" "}
          <BriefText text={wasDown ? "the stack could not be brought up" : (last.reason ?? "")} of="Not started" />
        </p>
      )}
      <ul className={classes.tags}>
        {breaks.map((what) => (
          <li key={what} className={classes.breaks}>
            <IconBolt size={12} aria-hidden />
            {what}
          </li>
        ))}
        {patterns.map((pattern) => (
          <li key={pattern}>
            <button type="button" onClick={() => onPattern(pattern)} title={`Show scenarios about ${pattern}`}>
              {pattern}
            </button>
          </li>
        ))}
        {needs.length > 0 && <li className={classes.needs}>any stack with {needs.join(", ")}</li>}
        {origin === "user" && <li className={classes.own}>yours</li>}
      </ul>
      <Collapse expanded={isOpen} transitionDuration={0}>
        {isOpen && <Steps detail={detail} plan={plan} />}
      </Collapse>
      <footer>
        <ReasonedButton
          variant="light"
          px={10}
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          disabledBecause={disabledBecause}
          onClick={() => void actions.start([id])}
          aria-label={`Run ${title}`}
        >
          Run
        </ReasonedButton>
        {protection !== null && (
          <ReasonedButton
            variant="subtle"
            color="gray"
            px={5}
            leftSection={<IconShieldOff size={14} aria-hidden />}
            disabledBecause={disabledBecause}
            hint={`Runs it with ${protection} switched off, to see the failure that it prevents`}
            onClick={() => void actions.start([id], { without: [protection] })}
            aria-label={`Run ${title} without ${protection}`}
          >
            Without {protection}
          </ReasonedButton>
        )}
        <Button
          ml="auto"
          variant="subtle"
          color="gray"
          px={5}
          aria-expanded={isOpen}
          aria-label={`Steps of ${title}`}
          onClick={toggle}
          rightSection={
            <IconChevronDown size={14} aria-hidden className={classes.chevron} data-open={isOpen || undefined} />
          }
        >
          Steps
        </Button>
      </footer>
    </article>
  );
}

function Steps({ detail, plan }: { detail: ScenarioDetail | undefined; plan: ScenarioPlan | undefined }) {
  const broken = plan?.filter(({ fault }) => fault !== null) ?? [];
  if (detail === undefined) return <p className={classes.steps}>Loading</p>;
  return (
    <div className={classes.steps}>
      <ol>
        {detail.steps.map(({ label, background }, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps have no other key and are never reordered
          <li key={place}>
            {label}
            {background && <em> in the background</em>}
          </li>
        ))}
      </ol>
      {broken.length > 0 && (
        <>
          <h3>Faults and how they are undone</h3>
          <ul>
            {broken.map(({ step, touches, fault }, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the plan of a scenario is never reordered
              <li key={place}>
                {step}: {touches}
                {fault !== null && (
                  <em>
                    {" "}
                    {fault.effect}; undone by {fault.undo}, after {formatDuration(fault.atMostMs)} at the latest
                  </em>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>Checks</h3>
      <ul>
        {detail.checks.map((check) => (
          <li key={check}>
            <code>{check}</code>
          </li>
        ))}
      </ul>
      <a href={formatRoute({ at: "scenarios", scenarioId: detail.id, isCopy: detail.origin === "shipped" })}>
        {detail.origin === "shipped" ? "Customise a copy" : "Edit"}
      </a>
    </div>
  );
}

export function Verdicts({ verdicts, nowMs }: { verdicts: ScenarioSummary["lastVerdicts"]; nowMs: number }) {
  if (verdicts.length === 0) return <span className={classes.never}>never run</span>;
  return (
    <span className={classes.verdicts}>
      {[...verdicts].reverse().map(({ runId, outcome, startedWallMs, without }) => {
        const off = without.length === 0 ? "" : ` without ${without.join(", ")}`;
        const label = `${OUTCOME_LOOKS[outcome].word}${off}, ${ago(startedWallMs, nowMs)}`;
        return (
          <Hint key={runId} label={label}>
            <a href={formatRoute({ at: "run", runId })} data-without={without.length > 0 || undefined}>
              <OutcomeMark outcome={outcome} title={label} />
            </a>
          </Hint>
        );
      })}
    </span>
  );
}
