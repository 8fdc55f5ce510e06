import { IconBrandDocker } from "@tabler/icons-react";
import type { ListedProject, StackChoice } from "../../electron/contract/stacks.ts";
import { ToneWord } from "../ui/tone-mark.tsx";
import { ComposeButtons } from "./compose-buttons.tsx";
import { StackRow } from "./stack-row.tsx";
import classes from "./stacks-page.module.css";

/** A compose project: its services, how many of them run, and its files. */
export function ProjectRow({ project: listed, open }: { project: ListedProject; open: StackChoice }) {
  const { project, services, files } = listed;
  const isOpen = open.is === "project" && open.project === project;
  const running = services.filter((each) => each.running > 0).length;
  const isDown = running === 0;
  return (
    <StackRow
      choice={{ is: "project", project }}
      isOpen={isOpen}
      actions={<ComposeButtons project={listed} isOpen={isOpen} />}
      icon={<IconBrandDocker size={18} aria-hidden />}
      name={project}
      disabledBecause={isDown ? "Nothing of it runs: bring it up first" : undefined}
    >
      <ToneWord tone={isDown ? "muted" : running === services.length ? "up" : "warning"}>
        {running} of {services.length} running
      </ToneWord>
      <span className={classes.services}>
        {services.map((each) => (
          <span key={each.name} className={classes.service} data-running={each.running > 0 || undefined}>
            {each.name}
            {each.containers > 1 && ` × ${each.containers}`}
          </span>
        ))}
      </span>
      {files.length > 0 && <span className={classes.files}>{files.join(", ")}</span>}
    </StackRow>
  );
}
