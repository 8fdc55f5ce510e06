import { Textarea } from "@mantine/core";
import { useState } from "react";
import { useLab, useStores } from "../state/lab-context.tsx";
import { RemedyButton } from "../state/notify.tsx";
import { whyNotRun } from "../state/why-not-run.ts";
import { SendButtons, SentAnswers } from "./send-controls.tsx";
import classes from "./service-page.module.css";
import { useSent } from "./use-sent.ts";
import { useKeepSteady, useSteady } from "./use-steady.ts";

/** Asks the stack's agent, once or every few seconds: it makes its calls through the gateway as in a run. */
export function SendPrompt() {
  const { client } = useStores();
  const steady = useSteady();
  const begun = steady !== undefined && "prompt" in steady.sent ? steady.sent : undefined;
  const [prompt, setPrompt] = useState(begun?.prompt ?? "");
  const [seconds, setSeconds] = useState((begun && steady?.seconds) ?? "10");
  const sending = useSent(
    async () => {
      if (prompt.trim() === "") return undefined;
      return { ...(await client.call.calls.prompt({ prompt })), name: "prompt" };
    },
    Number(seconds) * 1_000,
    begun !== undefined,
  );
  useKeepSteady(sending.isRepeated, prompt.trim() === "" ? undefined : { prompt }, seconds);
  const cannot = useLab(whyNotRun);
  const because = cannot ?? (prompt.trim() === "" ? "Enter a prompt" : undefined);
  return (
    <section className={classes.send} aria-labelledby="prompt-title">
      <h2 id="prompt-title">Send a prompt</h2>
      <div className={classes.sendForm}>
        <Textarea
          size="xs"
          label="Prompt"
          placeholder="Show me my recent charges."
          autosize
          minRows={2}
          maxRows={8}
          value={prompt}
          onChange={(event) => setPrompt(event.currentTarget.value)}
        />
        <SendButtons label="Ask" sending={sending} because={because} seconds={seconds} onSeconds={setSeconds} />
      </div>
      {sending.failure !== undefined && (
        <p className={classes.failure} role="alert">
          {sending.failure} <RemedyButton text={sending.failure} />
        </p>
      )}
      <SentAnswers answers={sending.answers} what="prompts" />
    </section>
  );
}
