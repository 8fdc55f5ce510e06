import { IconPencil } from "@tabler/icons-react";
import type { BrokenScenario } from "../../electron/contract/scenarios.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { goTo } from "../state/use-route.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./broken-file.module.css";
import { DeleteFile } from "./delete-file.tsx";

/** A user's file that is not a valid scenario: its first problem, and the actions on it. */
export function BrokenFile({ file, isOpen = false }: { file: BrokenScenario; isOpen?: boolean }) {
  const { client } = useStores();
  const refresh = useLab((state) => state.refreshCatalogue);
  const { name, problems, cannotOpenBecause } = file;
  const [first] = problems;
  const whyNotOpen = cannotOpenBecause === null ? undefined : `It cannot be opened in the editor: ${cannotOpenBecause}`;
  const remove = async () => {
    await client.call.scenarios.deleteBroken({ name });
    await refresh();
    return true;
  };
  return (
    <section className={classes.broken} aria-label={`${name} is not valid`}>
      <div className={classes.words}>
        Your file <b>{name}</b> is not valid{first !== undefined && `: line ${first.line}, ${first.message}`}.
        {whyNotOpen !== undefined && ` ${whyNotOpen}.`}
      </div>
      <div className={classes.buttons}>
        <ReasonedButton
          variant="default"
          leftSection={<IconPencil size={14} aria-hidden />}
          disabledBecause={isOpen ? "Already open" : whyNotOpen}
          aria-label={`Open in the editor: ${name}`}
          onClick={() => goTo({ at: "scenarios", brokenFile: name })}
        >
          Open in the editor
        </ReasonedButton>
        <DeleteFile
          title={name}
          aria-label={`Delete ${name}`}
          remove={remove}
          onDeleted={() => isOpen && goTo({ at: "scenarios" })}
        >
          Its text is not stored anywhere else.
        </DeleteFile>
      </div>
    </section>
  );
}
