import { Switch } from "@mantine/core";
import { useInteraction, useLab } from "../state/lab-context.tsx";
import classes from "./protection-switches.module.css";

const DESCRIPTIONS: Record<string, string> = {
  "capability-cache": "tools stay listed while their server is down",
  budget: "limits the number of calls per turn",
  "approval-ttl": "limits how long a call waits for approval",
  redaction: "keeps personal data out of the log and the upstream",
  "health-monitor": "hides servers that fail their probes from new sessions",
  "circuit-breaker": "stops calls to a server that fails most of them",
  "retry-budget": "limits how many failed calls are repeated",
  bulkhead: "limits the calls at one server at once",
  "client-sessions": "gives each client its own session at each server",
  "name-ownership": "keeps a tool's name with its server while that is down",
  "search-fallback": "finds tools by words while there are no embeddings",
  "session-bounds": "ends sessions that their clients have left, and limits their number",
  "write-once": "sends no write a second time when its reply is lost",
  "retry-after": "waits as long as a busy server asks for before a retry",
  "definition-pinning": "withholds tools whose definition changes without notice",
  "mirror-shedding": "sheds copies of progress while the gateway is overloaded",
  "subscriber-bounds": "disconnects subscribers that do not read their events",
  "command-restart": "starts a command again that has ended, after growing pauses",
  "result-rules": "takes no empty result of an agent's task for a finished one",
};

/** The gateway's protections; switched off, the next runs show the failure that they prevent. */
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
          {without.length === 0 ? "all on for the next runs" : `off for the next runs: ${without.join(", ")}`}
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
          description={DESCRIPTIONS[name]}
          withThumbIndicator={false}
        />
      ))}
    </section>
  );
}
