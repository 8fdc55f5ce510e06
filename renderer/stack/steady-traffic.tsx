import { parseJson } from "../../electron/model/json.ts";
import type { SteadyTraffic as Steady } from "../state/interaction-store.ts";
import { useInteraction, useStores } from "../state/lab-context.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { SentAnswers } from "./send-controls.tsx";
import classes from "./stack-panel.module.css";
import { useSent } from "./use-sent.ts";
import { useSteady } from "./use-steady.ts";

/** What was begun on a service's page goes on beside the map, so that breaking something shows its effect. */
export function SteadyTraffic() {
  const steady = useSteady();
  return steady && <Sending steady={steady} />;
}

function Sending({ steady: { sent, seconds } }: { steady: Steady }) {
  const { client } = useStores();
  const stop = useInteraction((state) => state.setSteady);
  const name = "tool" in sent ? sent.tool : "prompt";
  const { answers, failure } = useSent(
    async () =>
      "tool" in sent
        ? {
            ...(await client.call.calls.send({
              tool: sent.tool,
              arguments: parseJson(sent.arguments) as Record<string, never>,
            })),
            name,
          }
        : { ...(await client.call.calls.prompt(sent)), name },
    Number(seconds) * 1_000,
    true,
  );
  return (
    <section className={classes.steady} aria-label="Steady traffic">
      <div>
        Sending {name} every {seconds === "1" ? "second" : `${seconds} seconds`}
        <ReasonedButton size="compact-xs" variant="default" onClick={() => stop(undefined)}>
          Stop sending
        </ReasonedButton>
      </div>
      {failure !== undefined && (
        <p className={classes.failure} role="alert">
          {failure}
        </p>
      )}
      <SentAnswers answers={answers} what={"tool" in sent ? "calls" : "prompts"} />
    </section>
  );
}
