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

/** Asks before the page with unsaved text is left. */
export function LeaveUnsaved({ isOpen, isSaving, whyNotSave, onStay, onDiscard, onSave }: LeaveUnsavedProps) {
  return (
    <Modal opened={isOpen} onClose={onStay} title="Unsaved changes" closeButtonProps={{ "aria-label": "Close" }}>
      <p className={classes.words}>Your changes are lost if you leave without saving.</p>
      <div className={classes.buttons}>
        <Button variant="default" onClick={onDiscard}>
          Discard changes
        </Button>
        <ReasonedButton variant="default" loading={isSaving} disabledBecause={whyNotSave} onClick={onSave}>
          Save and leave
        </ReasonedButton>
        <Button onClick={onStay} data-autofocus>
          Cancel
        </Button>
      </div>
    </Modal>
  );
}

interface ReplaceScenarioProps {
  /** Another scenario, or a version saved elsewhere; undefined while closed. */
  whatIsThere: "other" | "newer" | undefined;
  isSaving: boolean;
  onKeep: () => void;
  onReplace: () => void;
}

/** Asks before another scenario of the user, or a newer version, is overwritten. */
export function ReplaceScenario({ whatIsThere, isSaving, onKeep, onReplace }: ReplaceScenarioProps) {
  // The content stays while the dialog closes.
  const latest = useRef(whatIsThere);
  latest.current = whatIsThere ?? latest.current;
  return (
    <Modal
      opened={whatIsThere !== undefined}
      onClose={onKeep}
      title={latest.current === "newer" ? "This scenario was changed elsewhere" : "A scenario with this id exists"}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <p className={classes.words}>Replace it? Its current content is lost.</p>
      <div className={classes.buttons}>
        <Button variant="default" onClick={onKeep} data-autofocus>
          Cancel
        </Button>
        <Button color="red.9" loading={isSaving} onClick={onReplace}>
          Replace
        </Button>
      </div>
    </Modal>
  );
}
