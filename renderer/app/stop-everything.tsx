import { IconArrowBackUp, IconHandStop } from "@tabler/icons-react";
import { useState } from "react";
import { damageOf, faultsInForce, whyNoUndo } from "../state/in-force.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./shell.module.css";

/** In the same position on every page, so that undo and halt are always found. */
export function StopEverything() {
  const actions = useLabActions();
  const broken = useLab((state) => faultsInForce(state.lab).length + damageOf(state.lab).length);
  const whyNot = useLab((state) => whyNoUndo(state.lab));
  const [isUndoing, setUndoing] = useState(false);
  const isHalted = useLab((state) => state.lab?.halted ?? false);
  return (
    <div className={classes.stop} data-stop>
      <ReasonedButton
        variant={whyNot === undefined ? "filled" : "default"}
        color="pink.8"
        leftSection={<IconArrowBackUp size={15} aria-hidden />}
        loading={isUndoing}
        disabledBecause={whyNot}
        hint="Undo all faults and restore all damage (Ctrl Shift Z)"
        onClick={() => {
          setUndoing(true);
          void actions.undo("all").finally(() => setUndoing(false));
        }}
      >
        Undo all{broken > 0 ? ` (${broken})` : ""}
      </ReasonedButton>
      <ReasonedButton
        variant="default"
        leftSection={<IconHandStop size={15} aria-hidden />}
        disabledBecause={isHalted ? "The lab is already halted" : undefined}
        hint="Cancel all runs, undo all faults and block new ones until you arm the lab (Ctrl .)"
        onClick={() => void actions.halt()}
      >
        Halt
      </ReasonedButton>
    </div>
  );
}
