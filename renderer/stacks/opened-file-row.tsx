import { IconFileText } from "@tabler/icons-react";
import type { OpenedFile } from "../../electron/contract/stacks.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { ToneWord } from "../ui/tone-mark.tsx";
import { useChoices } from "./choices-context.ts";
import { ComposeButtons } from "./compose-buttons.tsx";
import { StackRow } from "./stack-row.tsx";
import classes from "./stacks-page.module.css";

/** A compose file that was opened by its name, and of whose project the engine has nothing yet. */
export function OpenedFileRow({ file: opened }: { file: OpenedFile }) {
  const { client } = useStores();
  const { refresh } = useChoices();
  const { id, file, project, services, problem } = opened;
  const name = project ?? file;
  const forget = async () => {
    await attempt(`${file} could not be removed from the list`, () => client.call.stacks.forget({ is: "file", id }));
    await refresh();
  };
  const listed = services.map((each) => ({ name: each, running: 0, containers: 0 }));
  return (
    <StackRow
      choice={{ is: "project", project: name }}
      isOpen={false}
      icon={<IconFileText size={18} aria-hidden />}
      name={name}
      disabledBecause={problem ?? "Nothing of it runs: bring it up first"}
      actions={
        <>
          {project !== null && problem === null && (
            <ComposeButtons project={{ project, services: listed, files: [file] }} isOpen={false} />
          )}
          <ReasonedButton variant="subtle" aria-label={`Remove ${file} from the list`} onClick={() => void forget()}>
            Remove
          </ReasonedButton>
        </>
      }
    >
      <ToneWord tone={problem === null ? "muted" : "failed"}>{problem ?? "not up"}</ToneWord>
      <span className={classes.services}>
        {services.map((each) => (
          <span key={each} className={classes.service}>
            {each}
          </span>
        ))}
      </span>
      <span className={classes.files}>{file}</span>
    </StackRow>
  );
}
