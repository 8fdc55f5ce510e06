import { IconAlertTriangle, IconArrowBackUp } from "@tabler/icons-react";
import { faultList, faultsInForce } from "../state/in-force.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./stopped-notice.module.css";

/** A run that did not start since a manual fault was in force: what to restore before it is run again. */
export function BrokenBefore() {
  const actions = useLabActions();
  const lab = useLab((state) => state.lab);
  const manual = faultsInForce(lab).filter(({ isManual }) => isManual);
  if (manual.length === 0) return null;
  return (
    <div className={classes.notice} role="status">
      <IconAlertTriangle size={16} aria-hidden />
      <span>Manual and still in force: {faultList(manual)}.</span>
      <ReasonedButton
        variant="default"
        leftSection={<IconArrowBackUp size={14} aria-hidden />}
        onClick={() => void actions.undo("all")}
      >
        Restore the manual {manual.length === 1 ? "fault" : "faults"}
      </ReasonedButton>
    </div>
  );
}
