import type { ListedProject } from "../../contract/stacks.ts";
import { Lab } from "../../lab/lab.ts";
import { asLabError, LabError } from "../../lab/lab-error.ts";
import type { RunningStack } from "../../lab/stacks/running-stack.ts";
import { type Command, EXIT, oneOf, readArguments, type Terminal } from "./command.ts";

const REMOTE = { "allow-remote-docker": { type: "boolean", default: false } } as const;

export const stacksCommand: Command = {
  help: `resilience-lab stacks list
resilience-lab stacks describe PROJECT
resilience-lab stacks clean

\`list\` shows where runs can happen: the reference stack, gateways and compose files that were opened, and every compose
project of the Docker engine, running or not. Each can be named in run, plan, stack and break: --project NAME, --stack FILE
or --gateway URL; nothing has to be added to the files of a project.
\`describe\` prints what the lab takes the services of a project for, as a stack file: by their images, names and ports, and
by what answers there (an MCP handshake, HTTP, PostgreSQL; no tool is called). To correct it, save it as resilience-lab.yaml
beside the project's compose file and edit it: what it says of a service is used from then on.
\`clean\` removes the images that the lab has built on the engine, and nothing else; those that a container uses stay. What
is needed again is built again.

  --allow-remote-docker   let DOCKER_HOST or the docker context name an engine on another machine`,
  async run(args, terminal) {
    const { values, positionals } = readArguments("stacks", args, REMOTE);
    const [action = "", ...names] = positionals;
    const isRemoteAllowed = values["allow-remote-docker"];
    const wanted = oneOf("stacks", action, ["list", "describe", "clean"]);
    if (wanted !== "describe" && names.length > 0)
      throw new LabError("bad-input", `stacks ${wanted} takes no "${names[0]}"`);
    if (wanted === "list") return list(isRemoteAllowed, terminal);
    if (wanted === "clean") return clean(isRemoteAllowed, terminal);
    const [project, ...more] = names;
    if (project === undefined || more.length > 0) throw new LabError("bad-input", "stacks describe takes one project");
    return describe(project, isRemoteAllowed, terminal);
  },
};

async function list(allowRemote: boolean, terminal: Terminal): Promise<number> {
  const { out } = terminal;
  const lab = await Lab.open(terminal.environment);
  try {
    await lab.withStack(async (running) => {
      const at = running?.stack.services.find(({ runsAt }) => runsAt !== undefined)?.runsAt;
      out.write(`reference  ${describeReference(at === undefined ? running : undefined)}\n`);
      if (at !== undefined && running !== undefined) out.write(`${describeGateway(at, running)}\n`);
      for (const { url } of lab.knownStacks.gateways) {
        if (at !== url) out.write(`${url}  not up; opened before\n`);
      }
    });
    const listed = await lab.projects.list(allowRemote).catch((error: unknown) => asLabError(error));
    const known = listed instanceof LabError ? [] : listed.projects;
    for (const { file, project, problem } of lab.projects.describeFiles(lab.knownStacks.files, known)) {
      if (problem !== null) out.write(`${file}  ${problem}\n`);
      else if (!known.some((each) => each.project === project)) out.write(`${project}  not up  ${file}\n`);
    }
    if (listed instanceof LabError) throw listed;
    const { projects } = listed;
    if (projects.length === 0) out.write("the Docker engine has no compose project\n");
    const width = Math.max(0, ...projects.map(({ project }) => project.length));
    for (const each of projects) out.write(`${each.project.padEnd(width)}  ${describeListed(each)}\n`);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    out.write(`projects are not listed: ${error.message}\n`);
    if (error.hint !== undefined) out.write(`  ${error.hint}\n`);
  } finally {
    await lab.close();
  }
  return EXIT.green;
}

function describeGateway(at: string, running: RunningStack): string {
  const local = running.stack.links.flatMap(({ name }) => running.linkAddress(name) ?? []);
  return `${at}  up, behind ${local.join(", ")}`;
}

function describeReference(running: RunningStack | undefined): string {
  if (running === undefined) return "not up; a run brings it up, as processes unless told otherwise";
  return `${running.stack.project} is up ${running.engine === undefined ? "as processes" : `on ${running.engine}`}`;
}

function describeListed({ services, files }: ListedProject): string {
  const running = services.filter((each) => each.running > 0).length;
  const replicas = services.filter((each) => each.containers > 1).map((each) => `${each.containers} x ${each.name}`);
  const also = replicas.length > 0 ? ` (${replicas.join(", ")})` : "";
  return `${running} of ${services.length} services running${also}  ${files.join(", ")}`;
}

async function describe(project: string, allowRemote: boolean, terminal: Terminal): Promise<number> {
  const lab = await Lab.open(terminal.environment);
  try {
    terminal.out.write(await lab.projects.describe(project, allowRemote));
    return EXIT.green;
  } finally {
    await lab.close();
  }
}

async function clean(allowRemote: boolean, { environment, out }: Terminal): Promise<number> {
  const lab = await Lab.open(environment);
  try {
    let count = 0;
    let bytes = 0;
    for await (const image of lab.projects.removeImages(allowRemote)) {
      out.write(`${image.isRemoved ? "removed" : "kept, in use:"} ${image.name}  ${megabytes(image.bytes)}\n`);
      count++;
      if (image.isRemoved) bytes += image.bytes;
    }
    const base = "layers that they share, and those of their base, count in each";
    out.write(count === 0 ? "the lab has built no image here\n" : `removed in all: ${megabytes(bytes)} (${base})\n`);
    return EXIT.green;
  } finally {
    await lab.close();
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(0)} MB`;
}
