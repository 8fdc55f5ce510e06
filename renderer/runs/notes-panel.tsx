import { ActionIcon, Button, Textarea } from "@mantine/core";
import { IconNotes, IconTrash } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { ANNOTATION_LIMITS, type RunNote } from "../../electron/model/annotations.ts";
import { useInteraction } from "../state/lab-context.tsx";
import type { Annotations } from "../state/use-annotations.ts";
import { Empty } from "../ui/states.tsx";
import { formatDuration } from "../ui/times.ts";
import classes from "./notes-panel.module.css";

/** Notes on the run and on its moments; a new one is on the moment shown. */
export function NotesPanel({ annotations: { written, change } }: { annotations: Annotations }) {
  const cursorMs = useInteraction((state) => state.cursorMs);
  const [edited, setEdited] = useState<RunNote>();
  const { notes } = written;
  return (
    <div className={classes.panel}>
      {change !== undefined && edited === undefined && (
        <NoteForm
          key={notes.length}
          label={cursorMs === undefined ? "Note on the run" : `Note at ${formatDuration(cursorMs)}`}
          text=""
          onSave={(text) => change({ set: "note", id: crypto.randomUUID(), atMs: cursorMs ?? null, text })}
        />
      )}
      {notes.length === 0 && (
        <Empty title="No notes yet">
          {change !== undefined && "Scrub to a moment to write a note on it; at the end, it is on the whole run."}
        </Empty>
      )}
      <ul className={classes.notes}>
        {notes.map((note) => (
          <li key={note.id}>
            {edited?.id === note.id && change !== undefined ? (
              <NoteForm
                label={placeOf(note)}
                text={note.text}
                onCancel={() => setEdited(undefined)}
                onSave={async (text) => {
                  const isSaved = await change({ set: "note", id: note.id, atMs: note.atMs, text });
                  if (isSaved) setEdited(undefined);
                  return isSaved;
                }}
              />
            ) : (
              <Note
                note={note}
                onEdit={change && (() => setEdited(note))}
                onDelete={change && (() => void change({ set: "no note", id: note.id }))}
              />
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function placeOf({ atMs }: RunNote): string {
  return atMs === null ? "Note on the run" : `Note at ${formatDuration(atMs)}`;
}

interface NoteProps {
  note: RunNote;
  onEdit: (() => void) | undefined;
  onDelete: (() => void) | undefined;
}

function Note({ note, onEdit, onDelete }: NoteProps) {
  const look = useInteraction((state) => state.look);
  const { atMs, text } = note;
  return (
    <>
      {atMs === null ? (
        <span className={classes.place}>The run</span>
      ) : (
        <button type="button" className={classes.place} onClick={() => look({ cursorMs: atMs })}>
          {formatDuration(atMs)}
        </button>
      )}
      <p>{text}</p>
      {onEdit !== undefined && (
        <Button size="compact-xs" variant="default" onClick={onEdit} aria-label={`Edit: ${placeOf(note)}`}>
          Edit
        </Button>
      )}
      {onDelete !== undefined && (
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Delete: ${placeOf(note)}`} onClick={onDelete}>
          <IconTrash size={14} aria-hidden />
        </ActionIcon>
      )}
    </>
  );
}

interface NoteFormProps {
  label: string;
  text: string;
  onSave: (text: string) => Promise<boolean>;
  onCancel?: () => void;
}

function NoteForm({ label, text, onSave, onCancel }: NoteFormProps) {
  const [typed, setTyped] = useState(text);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim() !== "" && (await onSave(typed)) && onCancel === undefined) setTyped("");
  };
  return (
    <form className={classes.form} onSubmit={(event) => void save(event)}>
      <Textarea
        className={classes.text}
        size="xs"
        label={label}
        value={typed}
        autosize
        minRows={1}
        maxRows={6}
        maxLength={ANNOTATION_LIMITS.noteChars}
        placeholder="What to see here"
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
        }}
      />
      <Button type="submit" disabled={typed.trim() === ""} leftSection={<IconNotes size={14} aria-hidden />}>
        Save the note
      </Button>
      {onCancel !== undefined && (
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
      )}
    </form>
  );
}
