import { Switch } from "@mantine/core";
import { useInteraction, useLab } from "../state/lab-context.tsx";
import classes from "./protection-switches.module.css";

const WHAT_IT_DOES: Record<string, string> = {
  "capability-cache": "tools stay listed while their server is away",
  budget: "a turn may call a limited number of times",
  "approval-ttl": "a call waits for a person only so long",
  redaction: "personal data never reaches the log or the upstream",
};

/** What the gateway has to protect itself with; switched off, the next runs show the failure that it stops. */
export function ProtectionSwitches() {
  const known = useLab((state) => state.lab?.stack.protections.known);
  const without = useInteraction((state) => state.without);
  const setWithout = useInteraction((state) => state.setWithout);
  if (known === undefined || known.length === 0) return null;
  return (
    <section className={classes.protections} aria-labelledby="protections-title">
      <header>
        <h2 id="protections-title">Protections</h2>
        <span>
          {without.length === 0 ? "all on for the next runs" : `the next runs go without ${without.join(", ")}`}
        </span>
      </header>
      {known.map((name) => (
        <Switch
          key={name}
          size="xs"
          checked={!without.includes(name)}
          onChange={(event) =>
            setWithout(event.currentTarget.checked ? without.filter((each) => each !== name) : [...without, name])
          }
          label={name}
          description={WHAT_IT_DOES[name]}
          withThumbIndicator={false}
        />
      ))}
    </section>
  );
}
