import type { Lab } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import type { StackProgress } from "../../lab/stack/backend.ts";
import type { Engine } from "../../lab/stack/docker/engine.ts";
import type { Stack } from "../../lab/stack/stack-file.ts";
import { oneOf } from "./command.ts";
import type { LiveScreen } from "./live-screen.ts";

/** The options that say where a stack runs, for every command that has them. */
export const PLACE_OPTIONS = {
  stack: { type: "string" },
  ports: { type: "string", default: "fixed" },
  driver: { type: "string" },
  project: { type: "string" },
  "allow-remote-docker": { type: "boolean", default: false },
} as const;

export const PLACE_HELP = `  --stack FILE        another stack than the reference one: a compose file with x-lab
  --driver KIND       process (default): child processes, without Docker; docker: containers of a compose project
  --project NAME      a compose project on Docker by its name; its file is found by its labels, or given by --stack
  --ports auto        use free ports instead of those in the stack file
  --allow-remote-docker   let DOCKER_HOST or the docker context name an engine on another machine`;

/** How far a bring-up is, in one line. */
export function progressText({ service, state, detail }: StackProgress): string {
  return `${service} ${state}${detail === undefined ? "" : ` ${detail}`}`;
}

export interface PlaceValues {
  stack?: string | undefined;
  ports: string;
  driver?: string | undefined;
  project?: string | undefined;
  "allow-remote-docker": boolean;
}

/** Where a stack is or is to be. */
export interface Place {
  stack: Stack;
  ports: "fixed" | "auto";
  /** What was asked for; undefined leaves it to the stack that is up. */
  driver: "process" | "docker" | undefined;
  /** Asked who it is, and allowed; only for Docker. */
  engine: Engine | undefined;
}

/**
 * @param project what `--project` means: a project that has to be up, or the name of one to bring up
 * @throws LabError when the words do not fit together, or no engine can be used
 */
export async function placeOf(
  values: PlaceValues,
  lab: Lab,
  screen: LiveScreen,
  project: "must be up" | "is to be",
): Promise<Place> {
  const ports = oneOf("--ports", values.ports, ["fixed", "auto"]);
  const asked = values.driver === undefined ? undefined : oneOf("--driver", values.driver, ["process", "docker"]);
  if (asked === "process" && values.project !== undefined) {
    throw new LabError("bad-input", "--project is a compose project on Docker; it does not go with --driver process");
  }
  const driver = values.project === undefined ? asked : "docker";
  if (driver !== "docker") return { stack: lab.loadStack(values.stack), ports, driver, engine: undefined };
  const engine = await lab.connectDocker(values["allow-remote-docker"]);
  for (const note of engine.notes) screen.line(note);
  if (values.project === undefined) return { stack: lab.loadStack(values.stack), ports, driver, engine };
  const stack =
    project === "must be up"
      ? await lab.stackOfProject(engine, values.project, values.stack)
      : { ...lab.loadStack(values.stack), project: values.project };
  return { stack, ports, driver, engine };
}
