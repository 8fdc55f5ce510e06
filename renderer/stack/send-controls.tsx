import { Select, Switch } from "@mantine/core";
import type { ReactNode } from "react";
import { useInteraction } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { formatDuration } from "../ui/times.ts";
import { ToneWord } from "../ui/tone-mark.tsx";
import classes from "./service-page.module.css";
import type { Sent, useSent } from "./use-sent.ts";

const SECONDS = ["1", "2", "5", "10", "30", "60"];

interface SendButtonsProps {
  label: string;
  sending: Pick<ReturnType<typeof useSent>, "isSending" | "isRepeated" | "send" | "setRepeated">;
  because: string | undefined;
  seconds: string;
  onSeconds: (seconds: string) => void;
  children?: ReactNode;
}

/** Sends once, or every few seconds. */
export function SendButtons({ label, sending, because, seconds, onSeconds, children }: SendButtonsProps) {
  const { isSending, isRepeated, send, setRepeated } = sending;
  const setSteady = useInteraction((state) => state.setSteady);
  return (
    <div className={classes.sendButtons}>
      <ReasonedButton
        size="xs"
        disabledBecause={because}
        loading={isSending && !isRepeated}
        onClick={() => void send()}
      >
        {label}
      </ReasonedButton>
      <Switch
        size="xs"
        label={seconds === "1" ? "Every second" : `Every ${seconds} seconds`}
        checked={isRepeated}
        disabled={because !== undefined && !isRepeated}
        onChange={(event) => {
          setRepeated(event.currentTarget.checked);
          if (!event.currentTarget.checked) setSteady(undefined);
        }}
      />
      <Select
        size="xs"
        aria-label={`Seconds between two, ${label}`}
        className={classes.seconds}
        data={SECONDS.map((value) => ({ value, label: `${value} s` }))}
        value={seconds}
        allowDeselect={false}
        onChange={(value) => onSeconds(value ?? "1")}
      />
      {children}
    </div>
  );
}

/** How what was sent ended, and the last reply. */
export function SentAnswers({ answers, what }: { answers: readonly Sent[]; what: string }) {
  const last = answers.at(-1);
  if (last === undefined) return null;
  return (
    <>
      <ol className={classes.answers} aria-label={`How the last ${what} ended, oldest first`}>
        {answers.map(({ number, ok, decision, durationMs }) => (
          <li key={number} data-ok={ok} title={`${decision} in ${formatDuration(durationMs)}`} aria-label={decision} />
        ))}
      </ol>
      <div className={classes.answer} role="status">
        <ToneWord tone={last.ok ? "up" : "failed"}>{last.decision}</ToneWord> {last.name} in{" "}
        {formatDuration(last.durationMs)}
        {last.runId !== null && (
          <>
            , recorded in <a href={formatRoute({ at: "run", runId: last.runId })}>the manual session</a>
          </>
        )}
        <div>
          <BriefText text={last.detail} of="Reply" />
        </div>
      </div>
    </>
  );
}
