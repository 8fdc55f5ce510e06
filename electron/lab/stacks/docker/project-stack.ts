import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type Dockerode from "dockerode";
import { Document, type Pair, type Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import { isObject } from "../../../model/json.ts";
import { parseYaml, type YamlDocument } from "../../documents/yaml-document.ts";
import type { EngineAddress } from "../../journal/docker-location.ts";
import { LabError } from "../../lab-error.ts";
import { isOptional } from "../read-attached.ts";
import { readStackFile, type Stack, stackOfDocument } from "../stack-file.ts";
import { inspectAll, LABEL } from "./compose-labels.ts";
import { greetServices } from "./greet-services.ts";
import { readSockets } from "./namespace-sockets.ts";
import { filesIn, listProjects } from "./project-list.ts";
import { OVERLAY_FILE, ownOverlay } from "./project-overlay.ts";
import { type FoundService, foundServices } from "./project-services.ts";
import { type ProposedLink, proposeLinks, withCalledPorts, withPorts } from "./propose-links.ts";
import { proposeServices } from "./propose-service.ts";
import { seenTraffic } from "./seen-traffic.ts";
import { unseenTraffic } from "./unseen-traffic.ts";

/** A project whose services the engine has, and what is said of them in files. */
export interface FoundProject {
  project: string;
  services: readonly FoundService[];
  /** Links by connections that its services had when it was looked at, and that no environment names. */
  seenLinks: readonly ProposedLink[];
  /** What could not be seen of connections, and why: {@link unseenTraffic}. */
  unseen: readonly string[];
  /** Services that are none of these, since they have done their work: links to them are left out. */
  finished: readonly string[];
  /** The folder of its compose file, by its labels; the working directory where they do not say. */
  folder: string;
  /** What is said of it, in the order in which it was written: a later file replaces what an earlier one says. */
  files: readonly YamlDocument[];
  /** Files that its labels name and that do not exist: containers outlive the folder that they were brought up from. */
  gone: readonly string[];
}

/**
 * A project that is up, by its name. The engine says which services it has; files only what they are for.
 * @param named read instead of the compose files that its labels name; what they say decides
 * @throws LabError when there is no such project; DocumentError for a file that is wrong in `x-lab`
 */
export async function findProject(
  docker: Dockerode,
  project: string,
  named: readonly string[] | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<FoundProject> {
  const containers = await inspectAll(docker, project);
  const [first] = containers;
  if (first === undefined) throw await noSuchProject(docker, project, named);
  const labels = first.Config.Labels;
  const folder = labels[LABEL.workingFolder] || process.cwd();
  const composed = named === undefined ? filesIn(labels) : [];
  const gone = composed.filter((each) => !existsSync(each));
  const overlays = [resolve(folder, OVERLAY_FILE), ownOverlay(project, environment)];
  const present = [...composed, ...overlays].filter((each) => existsSync(each));
  const files = [...present, ...(named ?? []).map((each) => resolve(each))];
  const read = await readSockets(docker, containers);
  const seen = seenTraffic(containers, read.sockets);
  const services = withPorts(withCalledPorts(foundServices(containers)), seen.listening);
  const names = new Set(containers.map(({ Config }) => Config.Labels[LABEL.service] ?? ""));
  const finished = [...names].filter((each) => !services.some(({ name }) => name === each));
  const configured = new Set(proposeLinks(services).map(({ name }) => name));
  const seenLinks = seen.links.filter(({ name }) => !configured.has(name));
  const unseen = unseenTraffic(containers, read);
  return { project, services, seenLinks, unseen, finished, folder, files: files.map(readStackFile), gone };
}

async function noSuchProject(docker: Dockerode, project: string, files: readonly string[] = []): Promise<LabError> {
  if (files.length > 0) {
    const named = files.map((file) => `--stack ${/\s/.test(file) ? `'${file}'` : file}`).join(" ");
    return new LabError("precondition", `${project} is not up`, {
      hint: {
        terminal: `bring it up first: resilience-lab stack up ${named}`,
        window: "bring it up on the Stacks page first",
      },
    });
  }
  const names = (await listProjects(docker)).map((each) => each.project);
  return new LabError("bad-input", `no compose project called "${project}" is up`, {
    hint: names.length > 0 ? `there are: ${names.join(", ")}` : "there are none on this engine",
  });
}

/**
 * The stack of a project that is up, as a stack file of its own: ports and dependencies from the engine, `x-lab` from the
 * project's files, and for services that no file describes a proposal, made from their images, names and ports.
 */
export async function stackOfProject(
  docker: Dockerode,
  engine: EngineAddress,
  project: string,
  named: readonly string[] | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<{ stack: Stack; notes: string[] }> {
  const found = await findProject(docker, project, named, environment);
  // Each by itself first, so that a mistake is reported at its own line.
  const names = [...found.services.map((service) => service.name), ...found.finished];
  for (const document of found.files) {
    // One that corrects no service may name links alone.
    const value = isObject(document.value) ? { services: {}, ...document.value } : document.value;
    stackOfDocument({ ...document, value }, found.folder, environment, "attached", names);
  }
  const { text, lateAt } = await describeProject(docker, found, engine);
  const name = found.files.at(-1)?.file ?? `project ${project}`;
  const stack = stackOfDocument(parseYaml(text, name), found.folder, environment, "attached");
  const notes = found.gone.map((each) => `${each}, from which ${project} was brought up, does not exist: ${NAME_IT}`);
  const services = stack.services.map((each) => ({ ...each, lateAt: lateAt.get(each.name) }));
  return { stack: { ...stack, services, project }, notes };
}

const CONFIGURED = " proposed: found in an environment or a command";
const SEEN = " proposed: a connection was seen";
const LATE = " did not answer in time at port";
const NAME_IT = "what it says in x-lab is not known; name it where it is now with --stack FILE";

/** A project as a stack file: what is said in its files, and proposals for the rest. */
export interface DescribedProject {
  text: string;
  /** By the services that are proposed as `other` because they did not answer in time: the port of each. */
  lateAt: ReadonlyMap<string, number>;
}

export async function describeProject(
  docker: Dockerode,
  found: FoundProject,
  engine: EngineAddress,
): Promise<DescribedProject> {
  const { services, folder, files } = found;
  const described = describedIn(files);
  const open = services.filter(({ name }) => !described.has(name));
  const proposed = proposeServices(await greetServices(docker, found.project, open, engine));
  const written = services.map((service): [string, object] => {
    const { ports, "x-lab": lab } = described.get(service.name) ?? { "x-lab": proposed.get(service.name)?.lab };
    const { ports: found, depends_on } = composed(service);
    return [service.name, { ports: ports ?? found, depends_on, "x-lab": lab }];
  });
  // What is described and has no container is reported as missing, unless compose was not asked for one.
  const absent = [...described].filter(([name]) => !services.some((service) => service.name === name));
  const finished = found.finished.filter((name) => !described.has(name));
  const off = new Set([...absent.filter(([, each]) => each.isOptional).map(([name]) => name), ...finished]);
  const missing = absent
    .filter(([name]) => !off.has(name))
    .map(([name, { isOptional: _, file: __, ...rest }]) => [name, rest]);
  const lab = labOfStack(files);
  const said = linksIn(lab).filter((link) => !endsAt(link, off));
  const isUnsaid = ({ name }: ProposedLink) => !said.some((link) => fieldOf(link, "name") === name);
  const configured = proposeLinks(services).filter(isUnsaid);
  const seen = found.seenLinks.filter(isUnsaid);
  const links = [...said, ...configured, ...seen];
  const document = new Document({
    services: Object.fromEntries([...written, ...missing]),
    "x-lab": { ...lab, links, folder },
  });
  const linkNodes = document.getIn(["x-lab", "links"]) as YAMLSeq<YAMLMap>;
  const [firstLink] = linkNodes.items;
  const unseen = found.unseen.map((each) => ` not known: ${each}`).join("\n");
  if (firstLink !== undefined) firstLink.commentBefore = unseen;
  else linkNodes.comment = unseen;
  for (const [at, { items }] of linkNodes.items.entries()) {
    const [name] = items as [Pair<Scalar, Scalar>];
    if (at >= said.length && name.value) name.value.comment = at < links.length - seen.length ? CONFIGURED : SEEN;
  }
  const late = [...proposed].flatMap(([name, each]): [string, number][] =>
    each.lateAt === undefined ? [] : [[name, each.lateAt]],
  );
  for (const [name, port] of late) {
    const role = document.getIn(["services", name, "x-lab", "role"], true) as Scalar;
    role.comment = `${LATE} ${port}: describe it again, or correct it`;
  }
  return { text: document.toString(), lateAt: new Map(late) };
}

/** What files say of the services and links of a project, by the file that decides. */
export function saidOf({ files }: FoundProject): {
  services: ReadonlyMap<string, Described>;
  links: readonly { name: string }[];
} {
  return { services: describedIn(files), links: linksIn(labOfStack(files)) as { name: string }[] };
}

function labOfStack(files: readonly YamlDocument[]): Record<string, unknown> {
  return Object.assign({}, ...files.map(({ value }) => asObject(fieldOf(value, "x-lab"))));
}

function linksIn({ links }: Record<string, unknown>): unknown[] {
  return Array.isArray(links) ? links : [];
}

function endsAt(link: unknown, services: ReadonlySet<string>): boolean {
  const name = fieldOf(link, "name");
  return typeof name === "string" && name.split("->").some((end) => services.has(end));
}

interface Described {
  /** Which says it. */
  file: string;
  "x-lab": object;
  /** In the order in which the file has them: the first is where the lab reaches the service. */
  ports?: unknown;
  isOptional: boolean;
}

/** The services that have `x-lab` in one of the files; a later file replaces what an earlier one says. */
function describedIn(files: readonly YamlDocument[]): Map<string, Described> {
  const described = new Map<string, Described>();
  for (const { file, value } of files) {
    for (const [name, service] of Object.entries(asObject(fieldOf(value, "services")))) {
      const ports = fieldOf(service, "ports") ?? described.get(name)?.ports;
      const lab = fieldOf(service, "x-lab");
      if (!isObject(lab)) continue;
      described.set(name, {
        file,
        "x-lab": lab,
        isOptional: isOptional(service),
        ...(ports === undefined ? {} : { ports }),
      });
    }
  }
  return described;
}

function composed({ ports, dependsOn }: FoundService): Record<string, unknown> {
  const published = ports.flatMap(({ inside, published, hostAddress }) =>
    published === undefined ? [] : [{ target: inside, published, host_ip: hostAddress }],
  );
  const conditions = Object.entries(dependsOn).map(([name, condition]) => [name, { condition }]);
  return { ports: published, depends_on: Object.fromEntries(conditions) };
}

function asObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}
