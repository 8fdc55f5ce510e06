import { Button, Modal } from "@mantine/core";
import { ReasonedButton } from "../app/reasoned-button.tsx";
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
  isOpen: boolean;
  isSaving: boolean;
  onKeep: () => void;
  onReplace: () => void;
}

/** Asks before another scenario of the person's own is written over. */
export function ReplaceScenario({ isOpen, isSaving, onKeep, onReplace }: ReplaceScenarioProps) {
  return (
    <Modal
      opened={isOpen}
      onClose={onKeep}
      title="You have a scenario with this id"
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
