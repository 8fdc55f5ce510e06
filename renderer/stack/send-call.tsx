import { JsonInput, Select } from "@mantine/core";
import { useEffect, useState } from "react";
import type { ListedTool } from "../../electron/contract/calls.ts";
import { parseJson } from "../../electron/model/json.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { RemedyButton } from "../state/notify.tsx";
import { whyNotRun } from "../state/why-not-run.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { SendButtons, SentAnswers } from "./send-controls.tsx";
import classes from "./service-page.module.css";
import { useSent } from "./use-sent.ts";
import { useKeepSteady, useSteady } from "./use-steady.ts";

type Arguments = Record<string, never>;

/** Calls a tool through the gateway, once or every few seconds, so that breaking something manually shows an effect. */
export function SendCall() {
  const { client } = useStores();
  const [tools, setTools] = useState<ListedTool[]>();
  const steady = useSteady();
  const begun = steady !== undefined && "tool" in steady.sent ? steady.sent : undefined;
  const [tool, setTool] = useState<string | null>(begun?.tool ?? null);
  const [text, setText] = useState(begun?.arguments ?? "{}");
  const [seconds, setSeconds] = useState((begun && steady?.seconds) ?? "1");
  const sending = useSent(
    async () => {
      if (tool === null || !isObjectText(text)) return undefined;
      const answer = await client.call.calls.send({ tool, arguments: parseJson(text) as Arguments });
      return { ...answer, name: tool };
    },
    Number(seconds) * 1_000,
    begun !== undefined,
  );
  const sent = tool === null || !isObjectText(text) ? undefined : { tool, arguments: text };
  useKeepSteady(sending.isRepeated, sent, seconds);
  const { answers, failure, setFailure } = sending;
  const cannot = useLab(whyNotRun);

  const list = () => {
    client.call.calls.tools().then(
      (found) => {
        setTools(found);
        setFailure(undefined);
      },
      (error: Error) => setFailure(failureText(error)),
    );
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once
  useEffect(list, []);
  const choose = (name: string | null) => {
    setTool(name);
    setText(tools?.find((each) => each.name === name)?.example ?? "{}");
  };
  const because =
    cannot ??
    (tool === null ? "Choose a tool" : isObjectText(text) ? undefined : "The arguments are not a JSON object");
  return (
    <section className={classes.send} aria-labelledby="send-title">
      <h2 id="send-title">Send a call</h2>
      <div className={classes.sendForm}>
        <Select
          size="xs"
          label="Tool"
          searchable
          data={tools?.map(({ name }) => name) ?? []}
          placeholder={tools === undefined ? "Loading" : `${tools.length} ${tools.length === 1 ? "tool" : "tools"}`}
          value={tool}
          onChange={choose}
        />
        <JsonInput
          size="xs"
          label="Arguments"
          autosize
          minRows={2}
          maxRows={12}
          formatOnBlur
          value={text}
          onChange={setText}
        />
        <SendButtons label="Call" sending={sending} because={because} seconds={seconds} onSeconds={setSeconds}>
          <ReasonedButton size="xs" variant="subtle" onClick={list}>
            List the tools again
          </ReasonedButton>
        </SendButtons>
      </div>
      {failure !== undefined && (
        <p className={classes.failure} role="alert">
          {failure} <RemedyButton text={failure} />
        </p>
      )}
      <SentAnswers answers={answers} what="calls" />
    </section>
  );
}

function isObjectText(text: string): boolean {
  const value = parseJson(text);
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
