import { IconPencil } from "@tabler/icons-react";
import type { BrokenScenario } from "../../electron/contract/scenarios.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { goTo } from "../state/use-route.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./broken-file.module.css";
import { DeleteFile } from "./delete-file.tsx";

/** A file of the person's own that is no valid scenario: what is wrong with it, and what can be done. */
export function BrokenFile({ file, isOpen = false }: { file: BrokenScenario; isOpen?: boolean }) {
  const { client } = useStores();
  const refresh = useLab((state) => state.refreshCatalogue);
  const { name, problems, cannotOpenBecause } = file;
  const [first] = problems;
  const whyNotOpen = cannotOpenBecause === null ? undefined : `It cannot be opened here: ${cannotOpenBecause}`;
  const remove = async () => {
    await client.call.scenarios.deleteBroken({ name });
    await refresh();
    return true;
  };
  return (
    <section className={classes.broken} aria-label={`${name} cannot be used`}>
      <div className={classes.words}>
        Your file <b>{name}</b> cannot be used{first !== undefined && `: line ${first.line}, ${first.message}`}.
        {whyNotOpen !== undefined && ` ${whyNotOpen}.`}
      </div>
      <div className={classes.buttons}>
        <ReasonedButton
          variant="default"
          leftSection={<IconPencil size={14} aria-hidden />}
          disabledBecause={isOpen ? "It is open here" : whyNotOpen}
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
          It was no valid scenario, so there is nothing else that keeps its text.
        </DeleteFile>
      </div>
    </section>
  );
}
