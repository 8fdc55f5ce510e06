import { JsonInput, Select, Switch } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { CallAnswer, ListedTool } from "../../electron/contract/calls.ts";
import { parseJson } from "../../electron/model/json.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { formatDuration } from "../ui/times.ts";
import { ToneWord } from "../ui/tone-mark.tsx";
import classes from "./service-page.module.css";

const EVERY_MS = 1_000;
/** As many as fit into a line. */
const SHOWN_ANSWERS = 60;

type Arguments = Record<string, never>;

interface Sent extends CallAnswer {
  number: number;
  tool: string;
}

/** Calls a tool through the gateway, once or every second, so that breaking something manually shows an effect. */
export function SendCall() {
  const { client } = useStores();
  const [tools, setTools] = useState<ListedTool[]>();
  const [failure, setFailure] = useState<string>();
  const [tool, setTool] = useState<string | null>(null);
  const [text, setText] = useState("{}");
  const { answers, isSending, isRepeated, send, setRepeated } = useCalls(tool, text, setFailure);
  const cannot = useLab(whyNotRun);

  const list = () => {
    client.call.calls.tools().then(
      (found) => {
        setTools(found);
        setFailure(undefined);
      },
      (error: Error) => setFailure(error.message),
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
  const last = answers.at(-1);
  return (
    <section className={classes.send} aria-labelledby="send-title">
      <h2 id="send-title">Send a call</h2>
      <div className={classes.sendForm}>
        <Select
          size="xs"
          label="Tool"
          searchable
          data={tools?.map(({ name }) => name) ?? []}
          placeholder={tools === undefined ? "Loading" : `${tools.length} tools`}
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
        <div className={classes.sendButtons}>
          <ReasonedButton
            size="xs"
            disabledBecause={because}
            loading={isSending && !isRepeated}
            onClick={() => void send()}
          >
            Call
          </ReasonedButton>
          <Switch
            size="xs"
            label="Every second"
            checked={isRepeated}
            disabled={because !== undefined && !isRepeated}
            onChange={(event) => setRepeated(event.currentTarget.checked)}
          />
          <ReasonedButton size="xs" variant="subtle" onClick={list}>
            List the tools again
          </ReasonedButton>
        </div>
      </div>
      {failure !== undefined && (
        <p className={classes.failure} role="alert">
          {failure}
        </p>
      )}
      {answers.length > 0 && (
        <ol className={classes.answers} aria-label="How the last calls ended, oldest first">
          {answers.map(({ number, ok, decision, durationMs }) => (
            <li
              key={number}
              data-ok={ok}
              title={`${decision} in ${formatDuration(durationMs)}`}
              aria-label={decision}
            />
          ))}
        </ol>
      )}
      {last !== undefined && (
        <div className={classes.answer} role="status">
          <ToneWord tone={last.ok ? "up" : "failed"}>{last.decision}</ToneWord> {last.tool} in{" "}
          {formatDuration(last.durationMs)}
          {last.runId !== null && (
            <>
              , recorded in <a href={formatRoute({ at: "run", runId: last.runId })}>the manual session</a>
            </>
          )}
          <BriefText text={last.detail} of="Reply" />
        </div>
      )}
    </section>
  );
}

function isObjectText(text: string): boolean {
  const value = parseJson(text);
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Ends with the page: nothing goes on calling unseen. */
function useCalls(tool: string | null, text: string, fail: (message: string | undefined) => void) {
  const { client } = useStores();
  const [answers, setAnswers] = useState<Sent[]>([]);
  const [isSending, setSending] = useState(false);
  const [isRepeated, setRepeated] = useState(false);
  const lastNumber = useRef(0);
  const isShown = useRef(true);
  const send = async () => {
    if (tool === null || !isObjectText(text)) return;
    setSending(true);
    try {
      const answer = await client.call.calls.send({ tool, arguments: parseJson(text) as Arguments });
      if (!isShown.current) return;
      const sent = { ...answer, tool, number: ++lastNumber.current };
      setAnswers((before) => [...before, sent].slice(-SHOWN_ANSWERS));
      fail(undefined);
    } catch (error) {
      if (isShown.current) fail(error instanceof Error ? error.message : String(error));
    } finally {
      setSending(false);
    }
  };
  const current = useRef(send);
  current.current = send;
  useEffect(() => {
    if (!isRepeated) return;
    let isOver = false;
    const repeat = async () => {
      while (!isOver) {
        await Promise.all([current.current(), new Promise((resolve) => setTimeout(resolve, EVERY_MS))]);
      }
    };
    void repeat();
    return () => {
      isOver = true;
    };
  }, [isRepeated]);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);
  return { answers, isSending, isRepeated, send, setRepeated };
}
