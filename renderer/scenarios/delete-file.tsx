import { Button, Modal } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { attempt } from "../state/notify.tsx";
import classes from "./delete-file.module.css";

interface DeleteFileProps {
  /** Name shown in the dialog. */
  title: string;
  /** What is deleted and what is kept. */
  children: ReactNode;
  remove: () => Promise<unknown>;
  onDeleted: () => void;
  "aria-label"?: string;
}

/** Deletes a user's scenario file after confirmation. */
export function DeleteFile({ title, children, remove, onDeleted, ...button }: DeleteFileProps) {
  const [asks, setAsks] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const confirm = async () => {
    setDeleting(true);
    const done = await attempt(`${title} could not be deleted`, remove);
    setDeleting(false);
    setAsks(false);
    if (done !== undefined) onDeleted();
  };
  return (
    <>
      <Button
        {...button}
        variant="default"
        leftSection={<IconTrash size={14} aria-hidden />}
        onClick={() => setAsks(true)}
      >
        Delete
      </Button>
      <Modal
        opened={asks}
        onClose={() => !isDeleting && setAsks(false)}
        title={`Delete ${title}?`}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <p className={classes.words}>{children}</p>
        <div className={classes.buttons}>
          <Button variant="default" onClick={() => setAsks(false)} data-autofocus>
            Cancel
          </Button>
          <Button color="red.9" loading={isDeleting} onClick={() => void confirm()}>
            Delete
          </Button>
        </div>
      </Modal>
    </>
  );
}
