import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { ANNOTATION_LIMITS } from "../../electron/model/annotations.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { formatRoute } from "../state/route.ts";
import type { Annotations } from "../state/use-annotations.ts";
import { Hint } from "../ui/hint.tsx";
import classes from "./run-names.module.css";

/** A run's name or else its scenario's title, and its tags, which a person edits where they stand. */
export function RunNames({ title, annotations: { written, change } }: { title: string; annotations: Annotations }) {
  const [isEditing, setEditing] = useState(false);
  const { name, tags } = written;
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [newName, newTags] = [String(form.get("name")), tagsIn(String(form.get("tags")))];
    const isSaved =
      (newName === name || (await change?.({ set: "name", name: newName }))) &&
      (newTags.join() === tags.join() || (await change?.({ set: "tags", tags: newTags })));
    if (isSaved) setEditing(false);
  };
  if (isEditing) {
    return (
      <form
        className={classes.form}
        aria-label="Name and tags"
        onSubmit={(event) => void save(event)}
        onKeyDown={(event) => event.key === "Escape" && setEditing(false)}
      >
        <h1 className={classes.title}>{title}</h1>
        <TextInput
          name="name"
          label="Name"
          size="xs"
          autoFocus
          defaultValue={name}
          placeholder="What this run is for"
          maxLength={ANNOTATION_LIMITS.nameChars}
        />
        <TextInput
          name="tags"
          label="Tags"
          size="xs"
          defaultValue={tags.join(", ")}
          placeholder="talk, before the fix"
          description={`Separated by commas; up to ${ANNOTATION_LIMITS.tags} of ${ANNOTATION_LIMITS.tagChars} characters`}
        />
        <Button type="submit">Save</Button>
        <Button variant="default" onClick={() => setEditing(false)}>
          Cancel
        </Button>
      </form>
    );
  }
  return (
    <div className={classes.names}>
      <h1>{name === "" ? title : visibleLine(name)}</h1>
      {name !== "" && <span className={classes.title}>{title}</span>}
      {tags.map((tag) =>
        change === undefined ? (
          <span key={tag} className={classes.tag}>
            {visibleLine(tag)}
          </span>
        ) : (
          <a key={tag} className={classes.tag} href={formatRoute({ at: "history", filter: { tag } })}>
            {visibleLine(tag)}
          </a>
        ),
      )}
      {change !== undefined && (
        <Hint label="Name and tags">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            className={classes.edit}
            aria-label="Edit the name and tags"
            onClick={() => setEditing(true)}
          >
            <IconPencil size={14} aria-hidden />
          </ActionIcon>
        </Hint>
      )}
    </div>
  );
}

function tagsIn(text: string): string[] {
  return text
    .split(",")
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
}
