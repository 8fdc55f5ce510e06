import { Button, Modal } from "@mantine/core";
import { useRef } from "react";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./editor-page.module.css";

interface LeaveUnsavedProps {
  isOpen: boolean;
  isSaving: boolean;
  whyNotSave: string | undefined;
  onStay: () => void;
  onDiscard: () => void;
  onSave: () => void;
}

/** Asks what is to become of unsaved text before the page goes elsewhere. */
export function LeaveUnsaved({ isOpen, isSaving, whyNotSave, onStay, onDiscard, onSave }: LeaveUnsavedProps) {
  return (
    <Modal
      opened={isOpen}
      onClose={onStay}
      title="Your changes are not saved"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <p className={classes.words}>Leaving this page without saving loses them.</p>
      <div className={classes.buttons}>
        <Button variant="default" onClick={onDiscard}>
          Discard them
        </Button>
        <ReasonedButton variant="default" loading={isSaving} disabledBecause={whyNotSave} onClick={onSave}>
          Save and leave
        </ReasonedButton>
        <Button onClick={onStay} data-autofocus>
          Stay here
        </Button>
      </div>
    </Modal>
  );
}

interface ReplaceScenarioProps {
  /** Another scenario, or this one as it was saved elsewhere; undefined while nothing is asked. */
  whatIsThere: "other" | "newer" | undefined;
  isSaving: boolean;
  onKeep: () => void;
  onReplace: () => void;
}

/** Asks before a text of the person's own that is not the one open here is written over. */
export function ReplaceScenario({ whatIsThere, isSaving, onKeep, onReplace }: ReplaceScenarioProps) {
  // While it closes, it still says what it was about.
  const latest = useRef(whatIsThere);
  latest.current = whatIsThere ?? latest.current;
  return (
    <Modal
      opened={whatIsThere !== undefined}
      onClose={onKeep}
      title={
        latest.current === "newer" ? "This scenario was saved elsewhere meanwhile" : "You have a scenario with this id"
      }
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <p className={classes.words}>Save this one in its place? What is there now is lost.</p>
      <div className={classes.buttons}>
        <Button variant="default" onClick={onKeep} data-autofocus>
          Keep what is there
        </Button>
        <Button color="red.9" loading={isSaving} onClick={onReplace}>
          Replace it
        </Button>
      </div>
    </Modal>
  );
}
