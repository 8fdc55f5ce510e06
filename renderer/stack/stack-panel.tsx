import { Loader } from "@mantine/core";
import { IconEar, IconPower } from "@tabler/icons-react";
import { useState } from "react";
import type { StackStatus } from "../../electron/contract/stack.ts";
import type { Tone } from "../../electron/model/tone.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useInteraction, useLab } from "../state/lab-context.tsx";
import { RemedyButton } from "../state/notify.tsx";
import { placeOf } from "../state/place-of-stack.ts";
import { formatRoute } from "../state/route.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Loading } from "../ui/states.tsx";
import { ToneWord } from "../ui/tone-mark.tsx";
import { BreakPanel } from "./break-panel.tsx";
import { StackMap } from "./stack-map.tsx";
import classes from "./stack-panel.module.css";
import { SteadyTraffic } from "./steady-traffic.tsx";
import { useTraffic } from "./use-traffic.ts";

const STATE_TONES: Record<StackStatus["state"], Tone> = {
  up: "up",
  down: "muted",
  starting: "waiting",
  stopping: "waiting",
  failed: "failed",
};

/** The stack: its state, and manual faults. */
export function StackPanel() {
  const stack = useLab((state) => state.lab?.stack);
  const selected = useInteraction((state) => state.selectedService);
  const select = useInteraction((state) => state.selectService);
  const traffic = useTraffic();
  if (stack === undefined) {
    return (
      <section className={classes.panel}>
        <Loading what="Loading the stack" />
      </section>
    );
  }
  return (
    <section className={classes.panel} aria-labelledby="stack-title">
      <header>
        <h2 id="stack-title">Stack</h2>
        <a
          className={classes.driver}
          href={formatRoute({ at: "stacks" })}
          title={`${placeOf(stack).title}. Open another stack`}
        >
          {stack.project} · {placeOf(stack).name}
        </a>
        <span className={classes.state}>
          {(stack.state === "starting" || stack.state === "stopping") && <Loader size={12} aria-hidden />}
          <ToneWord tone={STATE_TONES[stack.state]}>{stack.state}</ToneWord>
        </span>
        <PowerButton stack={stack} />
      </header>
      {stack.error !== null && (
        <div className={classes.error} role="alert">
          {stack.error.message}.{stack.error.hint !== null && <> Fix: {stack.error.hint}.</>}
          <RemedyButton text={stack.error.hint ?? ""} />
        </div>
      )}
      <div className={classes.map}>
        <StackMap stack={stack} traffic={traffic} selected={selected} onSelect={select} />
        <ListenButton stack={stack} />
      </div>
      {stack.state === "up" && <SteadyTraffic />}
      <BreakPanel stack={stack} traffic={traffic} target={selected} />
    </section>
  );
}

/** Reads the calls on every link, and shows them on the map. */
function ListenButton({ stack }: { stack: StackStatus }) {
  const actions = useLabActions();
  const [isBusy, setIsBusy] = useState(false);
  if (stack.state !== "up" || stack.links.length === 0) return null;
  const on = !stack.isListening;
  return (
    <ReasonedButton
      size="compact-xs"
      variant="default"
      aria-pressed={stack.isListening}
      loading={isBusy}
      hint={
        on
          ? "Shows the calls on every link, until you stop it. Connections that are open are reset once where a container of the lab has to read them"
          : "Removes what the lab took to read the calls"
      }
      leftSection={<IconEar size={14} aria-hidden />}
      onClick={() => {
        setIsBusy(true);
        void actions.listen(on).finally(() => setIsBusy(false));
      }}
    >
      {on ? "Listen" : "Stop listening"}
    </ReasonedButton>
  );
}

function powerText({ isAttached, gateway }: StackStatus, isUp: boolean): string {
  if (isAttached) return isUp ? "Let go" : "Attach";
  if (gateway !== null) return isUp ? "Disconnect" : "Connect";
  return isUp ? "Take down" : "Bring up";
}

function PowerButton({ stack }: { stack: StackStatus }) {
  const actions = useLabActions();
  const cannot = useLab(whyNotRun);
  const isRunInProgress = useLab((state) => (state.lab?.queue.active.length ?? 0) > 0);
  const isUp = stack.state === "up";
  const isMoving = stack.state === "starting" || stack.state === "stopping";
  return (
    <ReasonedButton
      variant="default"
      hint={isUp && stack.isAttached ? "Restore it and leave it up as it was found" : undefined}
      leftSection={<IconPower size={14} aria-hidden />}
      disabledBecause={
        isMoving
          ? `The stack is ${stack.state}`
          : isUp
            ? isRunInProgress
              ? "A run is in progress and needs the stack"
              : undefined
            : cannot
      }
      onClick={() => void (isUp ? actions.down() : actions.up())}
    >
      {powerText(stack, isUp)}
    </ReasonedButton>
  );
}
