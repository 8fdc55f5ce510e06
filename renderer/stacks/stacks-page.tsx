import { IconBrandDocker, IconFolderOpen, IconPlugConnected, IconRefresh, IconStack2 } from "@tabler/icons-react";
import type { ListedProject, StackChoice, StackChoices } from "../../electron/contract/stacks.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { attempt, Failure } from "../state/notify.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import { ChoicesContext, useChoices } from "./choices-context.ts";
import { GatewaySection } from "./gateway-section.tsx";
import { OpenedFileRow } from "./opened-file-row.tsx";
import { ProjectRow } from "./project-row.tsx";
import { StackRow } from "./stack-row.tsx";
import classes from "./stacks-page.module.css";
import { useStackChoices } from "./use-stack-choices.ts";

/** Where runs happen: the reference stack, and every compose project of the Docker engine. */
export default function StacksPage() {
  const { choices, composeTool, failure, isLoading, refresh } = useStackChoices();
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>Stacks</h1>
        <ReasonedButton
          variant="default"
          leftSection={<IconRefresh size={14} aria-hidden />}
          loading={isLoading}
          onClick={() => void refresh()}
        >
          Refresh
        </ReasonedButton>
      </header>
      {choices === undefined && failure === undefined && <Loading what="Asking the Docker engine" />}
      {failure !== undefined && <Failure title="The stacks could not be listed" text={failure} />}
      {choices !== undefined && (
        <ChoicesContext value={{ choices, composeTool, refresh }}>
          <Choices choices={choices} />
        </ChoicesContext>
      )}
    </div>
  );
}

function Choices({ choices: { open, projects, files, engine } }: { choices: StackChoices }) {
  const ofFiles = files.filter(({ project, file }) => !projects.some((each) => isOf(each, project, file)));
  return (
    <>
      <section aria-labelledby="reference-title">
        <h2 id="reference-title">Reference stack</h2>
        <p className={classes.help}>
          A gateway, an agent, a payments server and what they need. Everything in it can be broken, and it comes with
          the lab.
        </p>
        <ul className={classes.list}>
          <StackRow
            choice={PROCESSES}
            isOpen={isSame(open, PROCESSES)}
            icon={<IconStack2 size={18} aria-hidden />}
            name="As processes"
          >
            On this machine, without Docker. Up in two seconds.
          </StackRow>
          <StackRow
            choice={CONTAINERS}
            isOpen={isSame(open, CONTAINERS)}
            icon={<IconBrandDocker size={18} aria-hidden />}
            name="On Docker"
            disabledBecause={engine.is === "ready" ? undefined : engine.message}
          >
            As a compose project. Its services can also be disconnected. The first start builds an image.
          </StackRow>
        </ul>
      </section>
      <GatewaySection />
      <section aria-labelledby="projects-title">
        <div className={classes.head}>
          <h2 id="projects-title">Your compose projects</h2>
          <OpenFile />
        </div>
        <Engine engine={engine} />
        {engine.is === "ready" && projects.length + ofFiles.length === 0 && (
          <div className={classes.panel}>
            <Empty title="No compose project" icon={<IconPlugConnected size={22} aria-hidden />}>
              Bring one up with <code>docker compose up -d</code>: it appears here, and nothing has to be added to its
              files.
            </Empty>
          </div>
        )}
        <ul className={classes.list}>
          {projects.map((project) => (
            <ProjectRow key={project.project} project={project} open={open} />
          ))}
          {ofFiles.map((file) => (
            <OpenedFileRow key={file.id} file={file} />
          ))}
        </ul>
      </section>
    </>
  );
}

/** Whether a project of the engine was brought up from a file. */
function isOf({ project, files }: ListedProject, name: string | null, file: string): boolean {
  return project === name && files.includes(file);
}

/** Where the host has a dialog; a page names no paths. */
function OpenFile() {
  const { client } = useStores();
  const { refresh } = useChoices();
  const hasDialog = useLab((state) => state.capabilities?.openDialog ?? false);
  const open = async () => {
    const opened = await attempt("The compose file could not be opened", () => client.call.stacks.openFile());
    if (opened != null) await refresh();
  };
  return (
    <ReasonedButton
      variant="default"
      leftSection={<IconFolderOpen size={14} aria-hidden />}
      disabledBecause={hasDialog ? undefined : "In a browser, name it at the start: npm start -- --stack FILE"}
      onClick={() => void open()}
    >
      Open a compose file
    </ReasonedButton>
  );
}

function Engine({ engine }: { engine: StackChoices["engine"] }) {
  const connection = useLab((state) => state.connection.is);
  if (connection !== "connected") return null;
  if (engine.is === "unavailable") {
    return (
      <p className={classes.unavailable} role="status">
        <strong>{engine.message}.</strong> {engine.hint !== null && <>Fix: {engine.hint}.</>} The reference stack works
        without Docker.
      </p>
    );
  }
  const notes = engine.notes.length > 0 ? ` ${engine.notes.join(". ")}.` : "";
  return (
    <p className={classes.help}>
      Docker {engine.version} on {engine.address}.{notes} A project is used as it is and left as it was found.
    </p>
  );
}

const PROCESSES: StackChoice = { is: "reference", driver: "process" };
const CONTAINERS: StackChoice = { is: "reference", driver: "docker" };

function isSame(one: StackChoice, other: StackChoice): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
