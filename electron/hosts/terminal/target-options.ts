import { LabError } from "../../lab/lab-error.ts";
import type { StackProgress } from "../../lab/stacks/backend.ts";
import type { FileSource, RunTarget } from "../../lab/stacks/run-target.ts";
import { oneOf } from "./command.ts";

/** The options for the run target, for every command that has them. */
export const TARGET_OPTIONS = {
  stack: { type: "string" },
  ports: { type: "string", default: "fixed" },
  driver: { type: "string" },
  project: { type: "string" },
  "allow-remote-docker": { type: "boolean", default: false },
} as const;

export const TARGET_HELP = `  --stack FILE        a compose file with x-lab instead of the reference stack
  --driver KIND       process (default): child processes, without Docker; docker: containers of a compose project
  --project NAME      a compose project on Docker by its name; its file is found by its labels, or given by --stack
  --ports auto        use free ports instead of those in the stack file
  --allow-remote-docker   let DOCKER_HOST or the docker context name an engine on another machine`;

/** Progress of a bring-up, in one line. */
export function progressText({ service, state, detail }: StackProgress): string {
  return `${service} ${state}${detail === undefined ? "" : ` ${detail}`}`;
}

export interface TargetValues {
  stack?: string | undefined;
  ports?: string;
  driver?: string | undefined;
  project?: string | undefined;
  "allow-remote-docker": boolean;
}

/** The run target that the options of a command line describe. @throws LabError when they conflict */
export function targetOf(
  values: TargetValues,
  rest: Pick<RunTarget, "start" | "keep"> & Partial<RunTarget>,
): RunTarget {
  const { stack: file, project } = values;
  const ports = oneOf("--ports", values.ports ?? "fixed", ["fixed", "auto"]);
  const driver = values.driver === undefined ? undefined : oneOf("--driver", values.driver, ["process", "docker"]);
  const more = { without: [], acceptExisting: false, ...rest, ports };
  const source: FileSource = file === undefined ? { is: "reference" } : { is: "compose file", file };
  if (project === undefined && driver !== "docker") return { ...more, source, driver: driver ?? "any" };
  if (driver === "process") {
    throw new LabError(
      "bad-input",
      "--project is a compose project on Docker and cannot be combined with --driver process",
    );
  }
  const onDocker = {
    driver: "docker",
    engine: { by: "environment", allowRemote: values["allow-remote-docker"] },
  } as const;
  if (project === undefined) return { ...more, source, ...onDocker };
  // `--project` is an existing project, unless the command brings one up under that name.
  if (rest.start === "bring up") return { ...more, source: { ...source, project }, ...onDocker };
  const found = { is: "project", project, ...(file === undefined ? {} : { file }) } as const;
  return { ...more, source: found, ...onDocker };
}
