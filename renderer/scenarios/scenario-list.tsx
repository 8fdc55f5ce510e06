import { IconPlayerPlay } from "@tabler/icons-react";
import type { ScenarioSummary } from "../../electron/contract/scenarios.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { formatRoute } from "../state/route.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { byPattern } from "./catalogue-filter.ts";
import { Verdicts } from "./scenario-card.tsx";
import classes from "./scenario-list.module.css";

interface ScenarioListProps {
  scenarios: readonly ScenarioSummary[];
  whyNot: (scenario: ScenarioSummary) => string | undefined;
  nowMs: number;
}

/** Scenarios as rows by their first pattern, a person's own before them. */
export function ScenarioList({ scenarios, whyNot, nowMs }: ScenarioListProps) {
  const actions = useLabActions();
  return (
    <div className={classes.list}>
      {byPattern(scenarios).map(({ group, scenarios: its }) => (
        <section key={group} aria-label={group}>
          <h2>{group}</h2>
          <ul>
            {its.map((scenario) => (
              <li key={scenario.id}>
                <a
                  href={formatRoute({
                    at: "scenarios",
                    scenarioId: scenario.id,
                    isCopy: scenario.origin === "shipped",
                  })}
                  title={scenario.summary ?? undefined}
                >
                  {scenario.title}
                </a>
                <Verdicts verdicts={scenario.lastVerdicts} nowMs={nowMs} />
                <ReasonedButton
                  variant="subtle"
                  size="compact-xs"
                  leftSection={<IconPlayerPlay size={13} aria-hidden />}
                  disabledBecause={whyNot(scenario)}
                  onClick={() => void actions.start([scenario.id])}
                  aria-label={`Run ${scenario.title}`}
                >
                  Run
                </ReasonedButton>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
