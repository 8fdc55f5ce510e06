import { Modal } from "@mantine/core";
import { useState } from "react";
import { type Brief, brief } from "../../electron/model/brief-text.ts";
import { visibleText } from "../../electron/model/visible-text.ts";
import classes from "./brief-text.module.css";

interface BriefTextProps {
  text: string;
  /** What the text is, for the dialog that shows all of it: "Reason". */
  of: string;
  /** As it is shown; without it, by the text alone. */
  shown?: Brief | undefined;
}

/** A text of any length beside others: repeats counted, the first difference marked, the end cut; all of it on demand. */
export function BriefText({ text, of, shown }: BriefTextProps) {
  const [isOpen, setOpen] = useState(false);
  const { pieces, isShortened } = shown ?? brief(text);
  return (
    <>
      <span>
        {pieces.map(({ text: part, isMarked }, place) =>
          isMarked ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text have no other key
            <mark key={place} className={classes.mark} title="The first difference">
              {part}
            </mark>
          ) : (
            part
          ),
        )}
      </span>
      {isShortened && (
        <button
          type="button"
          className={classes.whole}
          aria-haspopup="dialog"
          aria-label={`Whole text: ${of}`}
          onClick={() => setOpen(true)}
        >
          Whole text
        </button>
      )}
      {isShortened && (
        <Modal
          opened={isOpen}
          onClose={() => setOpen(false)}
          title={of}
          size="xl"
          closeButtonProps={{ "aria-label": "Close" }}
        >
          <p className={classes.text}>{visibleText(text)}</p>
        </Modal>
      )}
    </>
  );
}
