import { Button } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { StackChoice } from "../../electron/contract/stacks.ts";
import { faultsInForce } from "../state/in-force.ts";
import { useLab } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./stacks-page.module.css";
import { useOpenStack } from "./use-open-stack.ts";

interface StackRowProps {
  choice: StackChoice;
  isOpen: boolean;
  icon: ReactNode;
  name: string;
  disabledBecause?: string | undefined;
  /** What else can be done with it. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A stack that can be opened, with what is known of it. */
export function StackRow({ choice, isOpen, icon, name, disabledBecause, actions, children }: StackRowProps) {
  const cannot = useLab(whyNotRun);
  const isRunInProgress = useLab((state) => (state.lab?.queue.active.length ?? 0) > 0);
  const faults = useLab((state) => faultsInForce(state.lab).length);
  const { open, isOpening } = useOpenStack();
  const isUp = useLab((state) => state.lab?.stack.state === "up");
  const verb = choice.is === "gateway" ? "Connect" : "Open";
  const because = disabledBecause ?? cannot ?? (isRunInProgress ? "A run is in progress: cancel it first" : undefined);
  return (
    <li className={classes.row} aria-current={isOpen ? "true" : undefined}>
      <span className={classes.icon}>{icon}</span>
      <div className={classes.facts}>
        <h3>{name}</h3>
        <div className={classes.about}>{children}</div>
      </div>
      {actions}
      {isOpen ? (
        <>
          {choice.is === "project" && isUp && (
            <Button component="a" variant="default" href={formatRoute({ at: "stacks", isDescribing: true })}>
              Services and links
            </Button>
          )}
          <span className={classes.open}>
            <IconCheck size={15} aria-hidden /> Open
          </span>
        </>
      ) : (
        <ReasonedButton
          variant="default"
          aria-label={`${verb} ${name}`}
          loading={isOpening}
          disabledBecause={because}
          hint={faults > 0 ? `Restores ${faults} manual ${faults === 1 ? "fault" : "faults"} first` : undefined}
          onClick={() => void open(choice)}
        >
          {faults > 0 ? `Restore and ${verb.toLowerCase()}` : verb}
        </ReasonedButton>
      )}
    </li>
  );
}
