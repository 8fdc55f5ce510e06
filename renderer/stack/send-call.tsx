import { JsonInput, Select, Switch } from "@mantine/core";
import { useEffect, useState } from "react";
import type { ListedTool } from "../../electron/contract/calls.ts";
import { isObject, parseJson } from "../../electron/model/json.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { RemedyButton } from "../state/notify.tsx";
import { whyNotRun } from "../state/why-not-run.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { type ArgumentField, fieldsOf } from "./argument-fields.ts";
import { ArgumentForm } from "./argument-form.tsx";
import { firstProblem } from "./argument-values.ts";
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
  const [isJson, setJson] = useState(false);
  const fields = fieldsIn(tools, tool);
  const given = parseJson(text);
  const because = tool === null ? "Choose a tool" : problemIn(given, isJson ? undefined : fields);
  const [seconds, setSeconds] = useState((begun && steady?.seconds) ?? "1");
  const sending = useSent(
    async () => {
      if (tool === null || because !== undefined) return undefined;
      const answer = await client.call.calls.send({ tool, arguments: given as Arguments });
      return { ...answer, name: tool };
    },
    Number(seconds) * 1_000,
    begun !== undefined,
  );
  const sent = tool === null || because !== undefined ? undefined : { tool, arguments: text };
  useKeepSteady(sending.isRepeated, sent, seconds);
  const { answers, failure, setFailure } = sending;
  const cannot = useLab(whyNotRun);

  const list = () => {
    client.call.calls.tools().then(
      (found) => {
        setTools(found);
        setFailure(undefined);
        // What was begun as JSON goes on, also where a form refuses it.
        if (begun !== undefined && problemIn(given, fieldsIn(found, begun.tool)) !== undefined) setJson(true);
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
        {tool !== null && (
          <div className={classes.arguments}>
            {fields !== undefined && (
              <Switch
                size="xs"
                label="Arguments as JSON"
                checked={isJson}
                // The form shows no text that is not an object of arguments.
                disabled={!isObject(given)}
                onChange={(event) => setJson(event.currentTarget.checked)}
              />
            )}
            {fields !== undefined && !isJson && isObject(given) ? (
              <ArgumentForm
                key={tool}
                fields={fields}
                value={given}
                onChange={(value) => setText(JSON.stringify(value, null, 2))}
              />
            ) : (
              <JsonInput
                key={tool}
                size="xs"
                label="Arguments"
                autosize
                minRows={2}
                maxRows={12}
                formatOnBlur
                error={problemIn(given, undefined)}
                validationError={problemIn(given, undefined)}
                value={text}
                onChange={setText}
              />
            )}
          </div>
        )}
        <SendButtons
          label="Call"
          sending={sending}
          because={cannot ?? because}
          seconds={seconds}
          onSeconds={setSeconds}
        >
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

function fieldsIn(tools: readonly ListedTool[] | undefined, tool: string | null): ArgumentField[] | undefined {
  return fieldsOf(tools?.find(({ name }) => name === tool)?.inputSchema);
}

/** @param fields undefined where what is written is sent as it is, whatever the tool's schema says */
function problemIn(given: unknown, fields: readonly ArgumentField[] | undefined): string | undefined {
  if (!isObject(given)) return "The arguments are not a JSON object";
  return fields && firstProblem(fields, given);
}
