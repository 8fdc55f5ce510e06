import { gatewayAddress } from "../../contract/stacks.ts";
import { LabError } from "../../lab/lab-error.ts";
import type { StackProgress } from "../../lab/stacks/backend.ts";
import { isOfCompose, projectOfFiles } from "../../lab/stacks/compose-project.ts";
import type { FileSource, RunTarget } from "../../lab/stacks/run-target.ts";
import { describeIssues } from "../../model/issue-text.ts";
import { oneOf } from "./command.ts";

/** The options that name a stack, for every command that has one. */
export const STACK_OPTIONS = {
  stack: { type: "string", multiple: true },
  project: { type: "string" },
  gateway: { type: "string" },
  header: { type: "string", multiple: true },
  driver: { type: "string" },
  "allow-remote-docker": { type: "boolean", default: false },
} as const;

/** The same with what matters where a stack may be brought up. */
export const TARGET_OPTIONS = { ...STACK_OPTIONS, ports: { type: "string", default: "fixed" } } as const;

export const STACK_HELP = `  --project NAME      a compose project on Docker by its name; its files are found by its labels, or given by --stack
  --stack FILE        a compose file: with x-lab one that the lab brings up; any other (repeatable, as docker compose's -f)
                      is a project that docker compose brings up
  --gateway URL       an MCP gateway that runs elsewhere
  --header NAME=VALUE   sent to it (repeatable), with a variable of the environment as its value:
                      --header 'Authorization=Bearer \${TOKEN}'
  --driver KIND       process (default): child processes, without Docker; docker: containers of a compose project
  --allow-remote-docker   let DOCKER_HOST or the docker context name an engine on another machine`;

export const TARGET_HELP = `${STACK_HELP}
  --ports auto        use free ports instead of those in the stack file`;

/** Progress of a bring-up, in one line. */
export function progressText({ service, state, detail }: StackProgress): string {
  return `${service} ${state}${detail === undefined ? "" : ` ${detail}`}`;
}

export interface TargetValues {
  stack?: string[] | undefined;
  project?: string | undefined;
  gateway?: string | undefined;
  header?: string[] | undefined;
  driver?: string | undefined;
  ports?: string;
  "allow-remote-docker": boolean;
}

/** Whether a command line names a stack. */
export function namesStack({ stack, project, gateway }: TargetValues): boolean {
  return stack !== undefined || project !== undefined || gateway !== undefined;
}

type Rest = Pick<RunTarget, "start" | "keep"> & Partial<RunTarget>;

/** The run target that the options of a command line describe. @throws LabError when they conflict; DocumentError for a file */
export function targetOf(values: TargetValues, rest: Rest, environment: NodeJS.ProcessEnv = process.env): RunTarget {
  const ports = oneOf("--ports", values.ports ?? "fixed", ["fixed", "auto"]);
  const driver = values.driver === undefined ? undefined : oneOf("--driver", values.driver, ["process", "docker"]);
  const more = { without: [], acceptExisting: false, ...rest, ports };
  if (values.gateway !== undefined) return { ...more, source: gatewayIn(values), driver: "process" };
  if (values.header !== undefined)
    throw new LabError("bad-input", "--header is about a gateway: name it with --gateway");
  const { stack: files = [] } = values;
  const [file, another] = files;
  const isTheirs = another !== undefined || (file !== undefined && driver === undefined && isOfCompose(file));
  const project = values.project ?? (isTheirs ? projectOfFiles(files, environment) : undefined);
  const source: FileSource = file === undefined ? { is: "reference" } : { is: "compose file", file };
  if (project === undefined && driver !== "docker") return { ...more, source, driver: driver ?? "any" };
  if (driver === "process") {
    throw new LabError("bad-input", "a compose project is on Docker and cannot be combined with --driver process");
  }
  const onDocker = {
    driver: "docker",
    engine: { by: "environment", allowRemote: values["allow-remote-docker"] },
  } as const;
  if (project === undefined) return { ...more, source, ...onDocker };
  // `--project` is an existing project, unless the command brings a stack of the lab's up under that name.
  if (rest.start === "bring up" && !isTheirs && (file !== undefined || driver !== undefined)) {
    return { ...more, source: { ...source, project }, ...onDocker };
  }
  const found = { is: "project", project, ...(file === undefined ? {} : { files }) } as const;
  return { ...more, source: found, ...onDocker, start: "attach" };
}

/** @throws LabError for an address or a header that could not be kept, or that conflicts with another stack */
function gatewayIn({ gateway, header = [], stack, project, driver }: TargetValues) {
  if (stack !== undefined || project !== undefined || driver !== undefined) {
    throw new LabError("bad-input", "--gateway names the stack: it takes no --stack, --project or --driver");
  }
  const headers = header.map((each) => {
    const at = each.indexOf("=");
    return at < 0 ? [each, ""] : [each.slice(0, at), each.slice(at + 1)];
  });
  const parsed = gatewayAddress.safeParse({ url: gateway, headers: Object.fromEntries(headers) });
  if (parsed.success) return { is: "gateway", ...parsed.data } as const;
  const [wrong] = parsed.error.issues;
  const option = wrong?.path[0] === "url" ? "--gateway" : "--header";
  throw new LabError("bad-input", `${option} cannot be used: ${describeIssues(parsed.error)}`, {
    hint: "see `resilience-lab run --help`",
  });
}
