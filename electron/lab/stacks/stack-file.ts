import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isObject } from "../../model/json.ts";
import { readBeginning, readWholeFile } from "../documents/read-whole-file.ts";
import { recogniseFile } from "../documents/recognise-file.ts";
import {
  DOCUMENT_LIMIT_BYTES,
  DocumentError,
  type Problem,
  readYaml,
  type YamlDocument,
} from "../documents/yaml-document.ts";
import type { ProbeSpec } from "../health/probe-spec.ts";
import { dataFolder } from "../home.ts";
import { SECRET_NAME, StackSecrets } from "../journal/stack-secrets.ts";
import { LabError } from "../lab-error.ts";
import { type DecisionsSpec, serviceOfDecisions } from "./decisions-spec.ts";
import { parseDotEnv } from "./dot-env.ts";
import type { PublishedPort } from "./published-port.ts";
import { readAttached } from "./read-attached.ts";
import { readToBringUp } from "./read-to-bring-up.ts";
import type { ComposeService, LinkSpec, Role, StackDocument, StartCondition } from "./stack-schema.ts";

/** A service that the lab knows what to do with: one that has `x-lab`. */
export interface Service {
  name: string;
  role: Role;
  probe: ProbeSpec;
  endpoint: string | undefined;
  /** The URL of what runs elsewhere: the service's own process only forwards to it. */
  runsAt: string | undefined;
  /** Of its probe's and of each MCP request to it. */
  headers: Readonly<Record<string, string>>;
  reset: string | undefined;
  /** The path at which it reports what it holds open. */
  diagnostics: string | undefined;
  /** What the service asks of those who change its state. */
  token: string | undefined;
  /** The tools that it is declared to offer; undefined when the file does not say. */
  tools: readonly string[] | undefined;
  protections: { environment: string; names: readonly string[] } | undefined;
  process: { command: readonly string[]; environment: Readonly<Record<string, string>> } | undefined;
  /** The first published port: where the lab itself reaches it. */
  port: PublishedPort | undefined;
  /** The port inside its container where it answers; undefined when nothing says so. */
  insidePort: number | undefined;
  /** The port inside at which a service that is only proposed as `other` did not answer in time. */
  lateAt?: number | undefined;
  dependsOn: Readonly<Record<string, StartCondition>>;
  environment: Readonly<Record<string, string>>;
  stopSignal: NodeJS.Signals;
  stopGraceMs: number;
  compose: ComposeService;
}

interface LinkEnds {
  name: string;
  from: string;
  to: string;
}

/** A link that a declared fault proxy carries: the caller is configured to use it. */
export interface ProxiedLink extends LinkEnds {
  listen: string;
  upstream: string;
}

/** A link that the caller makes by itself, to a port of the callee. */
export interface DirectLink extends LinkEnds {
  port: number;
  /** By a line in the caller's hosts file; by packet rules in its network namespace where it is absent. */
  by?: "hosts";
}

export type Link = ProxiedLink | DirectLink;

export function isProxied(link: Link): link is ProxiedLink {
  return "listen" in link;
}

export interface Stack {
  project: string;
  file: string;
  folder: string;
  source: string;
  /** In start order: what a service depends on comes before it. */
  services: readonly Service[];
  links: readonly Link[];
  /** Where decisions are read; absent where only an audit-log service can have them. */
  decisions?: DecisionsSpec;
  document: StackDocument;
}

/** Compose's own default: ten seconds between the stop signal and SIGKILL. */
const STOP_GRACE_MS = 10_000;

/**
 * `attached`: someone else has brought it up, so only what the lab reads of it has to be understood: `x-lab`, ports and
 * dependencies. The rest of the file may use all of compose. Secrets are generated only to bring it up; a plan must not
 * create their file.
 */
export type StackUse = "to bring up" | "to plan" | "attached";

/** @throws DocumentError naming each problem's line; LabError for one that is no place in the file. */
export function loadStack(file: string, environment: NodeJS.ProcessEnv, use: StackUse = "to bring up"): Stack {
  const path = resolve(file);
  return stackOfDocument(readStackFile(path), dirname(path), environment, use);
}

/**
 * The stack that a document describes. @param folder the one of its file, or what its `x-lab.folder` names instead
 * @param others services that are described elsewhere, and to which its links may lead
 * @throws as {@link loadStack}
 */
export function stackOfDocument(
  document: YamlDocument,
  ownFolder: string,
  environment: NodeJS.ProcessEnv,
  use: StackUse,
  others: readonly string[] = [],
): Stack {
  const folder = folderIn(document.value) ?? ownFolder;
  const path = document.file;
  const { values, problems } = readDotEnv(join(folder, ".env"), environment);
  const given = { ...values, ...environment };
  const variables = { ...given, ...secretsFor(use, document.value, given, environment) };
  const { filled, parsed } =
    use === "attached" ? readAttached(document, variables) : readToBringUp(document, variables, problems);
  const services = Object.entries(parsed.services).flatMap(([name, service]) => toService(name, service));
  const links = (parsed["x-lab"]?.links ?? []).map(toLink);
  const decisions = parsed["x-lab"]?.decisions;
  const names = [...services.map(({ name }) => name), ...others];
  const wrong = [...checkLinks(filled, links, services, others), ...checkDecisions(filled, decisions, names)];
  if (wrong.length > 0) throw new DocumentError(wrong);
  return {
    project: variables.COMPOSE_PROJECT_NAME || (parsed["x-lab"]?.project ?? parsed.name ?? projectNameOf(folder)),
    file: path,
    folder,
    source: document.source,
    services: inStartOrder(services, path),
    links,
    ...(decisions === undefined ? {} : { decisions }),
    document: parsed,
  };
}

/** The folder that `x-lab.folder` names. */
function folderIn(value: unknown): string | undefined {
  const lab = isObject(value) ? value["x-lab"] : undefined;
  return isObject(lab) && typeof lab.folder === "string" ? lab.folder : undefined;
}

/** @throws DocumentError that says what the file is, when it is not a compose file */
export function readStackFile(file: string): YamlDocument {
  const asOtherFile = () => {
    const message = recogniseFile(readBeginning(file), "compose file");
    return message === undefined ? undefined : new DocumentError([{ file, line: 1, column: 1, message }]);
  };
  let document: YamlDocument;
  try {
    document = readYaml(file);
  } catch (error) {
    throw asOtherFile() ?? error;
  }
  const other = isObject(document.value) && "services" in document.value ? undefined : asOtherFile();
  if (other !== undefined) throw other;
  return document;
}

/** What variables in a stack's files are filled in with: `.env` of its folder, and the environment before it. */
export function variablesOf(folder: string, environment: NodeJS.ProcessEnv): Record<string, string | undefined> {
  return { ...readDotEnv(join(folder, ".env"), environment).values, ...environment };
}

/** The variables that a folder's `.env` sets. */
export function readDotEnv(
  file: string,
  environment: NodeJS.ProcessEnv,
): { values: Record<string, string>; problems: Problem[] } {
  if (!existsSync(file)) return { values: {}, problems: [] };
  // Not refused for its encoding: values that nothing names do not matter.
  const read = parseDotEnv(readWholeFile(file, DOCUMENT_LIMIT_BYTES).toString("utf8"), environment);
  return { ...read, problems: read.problems.map((problem) => ({ ...problem, file, column: 1 })) };
}

/** Values for the secrets that the file names and that nothing sets. They are the same for every reading of one data folder. */
function secretsFor(
  use: StackUse,
  value: unknown,
  given: Readonly<Record<string, string | undefined>>,
  environment: NodeJS.ProcessEnv,
): Record<string, string> {
  const lab = isObject(value) ? value["x-lab"] : undefined;
  const names = isObject(lab) && Array.isArray(lab.secrets) ? lab.secrets : [];
  const wanted = names.filter((name): name is string => typeof name === "string" && SECRET_NAME.test(name));
  const missing = wanted.filter((name) => !given[name]);
  if (missing.length === 0) return {};
  const secrets = new StackSecrets(dataFolder(environment));
  return use === "to bring up" ? secrets.make(missing) : secrets.known(missing);
}

function toService(name: string, compose: ComposeService): Service[] {
  const lab = compose["x-lab"];
  if (lab === undefined) return [];
  const { role, probe, endpoint, runsAt, headers = {}, reset, diagnostics, token, tools, protections } = lab;
  return [
    {
      name,
      role,
      probe,
      endpoint,
      runsAt,
      headers,
      reset,
      diagnostics,
      token,
      tools,
      protections,
      process: lab.process && { command: lab.process.command, environment: lab.process.environment ?? {} },
      port: portOf(compose, lab.port),
      insidePort: lab.port ?? compose.ports?.[0]?.containerPort,
      dependsOn: compose.depends_on ?? {},
      environment: compose.environment ?? {},
      stopSignal: (compose.stop_signal ?? "SIGTERM") as NodeJS.Signals,
      stopGraceMs: compose.stop_grace_period ?? STOP_GRACE_MS,
      compose,
    },
  ];
}

/** The published port that leads to the one where it answers. */
function portOf({ ports = [] }: ComposeService, inside: number | undefined): PublishedPort | undefined {
  return inside === undefined ? ports[0] : ports.find(({ containerPort }) => containerPort === inside);
}

function toLink(spec: LinkSpec): Link {
  const [from = "", to = ""] = spec.name.split("->");
  return { ...spec, from, to };
}

/** Callers of what runs elsewhere may run elsewhere, too. */
function checkLinks(
  document: YamlDocument,
  links: readonly Link[],
  services: readonly Service[],
  others: readonly string[],
): Problem[] {
  const names = new Set([...services.map(({ name }) => name), ...others]);
  const isElsewhere = (name: string) => services.some((each) => each.name === name && each.runsAt !== undefined);
  return links.flatMap((link, index) =>
    [...(isElsewhere(link.to) ? [] : [link.from]), link.to]
      .filter((name) => !names.has(name))
      .map((name) =>
        document.problemAt(["x-lab", "links", index], `link ${link.name}: "${name}" is no service with x-lab`),
      ),
  );
}

function checkDecisions(
  document: YamlDocument,
  decisions: DecisionsSpec | undefined,
  services: readonly string[],
): Problem[] {
  if (decisions === undefined) return [];
  const service = serviceOfDecisions(decisions);
  if (services.includes(service)) return [];
  return [document.problemAt(["x-lab", "decisions"], `decisions: "${service}" is no service with x-lab`)];
}

function inStartOrder(services: readonly Service[], file: string): Service[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const ordered = new Set<Service>();
  const visit = (service: Service, above: readonly string[]): void => {
    if (ordered.has(service)) return;
    if (above.includes(service.name)) {
      throw new LabError(
        "bad-input",
        `${file}: services wait for each other: ${[...above, service.name].join(" -> ")}`,
      );
    }
    for (const name of Object.keys(service.dependsOn)) {
      const dependency = byName.get(name);
      if (dependency) visit(dependency, [...above, service.name]);
    }
    ordered.add(service);
  };
  for (const service of services) visit(service, []);
  return [...ordered];
}

/** As compose makes it of a folder. */
export function projectNameOf(folder: string): string {
  return (
    basename(folder)
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]/g, "") || "stack"
  );
}

export function serviceNamed(stack: Stack, name: string): Service {
  const found = stack.services.find((service) => service.name === name);
  if (found) return found;
  throw new LabError("bad-input", `the stack has no service called "${name}"`, {
    hint: `its services are: ${stack.services.map((service) => service.name).join(", ")}`,
  });
}

/**
 * The one service with a role. What is asked of a gateway goes to an MCP server, where a stack has only one of these.
 * @throws LabError when the stack has none, saying what would need it
 */
export function serviceWithRole(stack: Stack, role: Role, wantedBy: string): Service {
  const found = findWithRole(stack, role);
  if (found) return found;
  throw new LabError("bad-input", `${wantedBy} needs a service whose x-lab role is ${role}; ${stack.file} has none`);
}

export function findWithRole({ services }: Pick<Stack, "services">, role: Role): Service | undefined {
  const found = services.find((service) => service.role === role);
  if (found !== undefined || role !== "gateway") return found;
  const [only, ...more] = services.filter((service) => service.role === "mcp-server");
  return more.length === 0 ? only : undefined;
}

export function linkNamed(stack: Stack, name: string): Link {
  const found = stack.links.find((link) => link.name === name);
  if (found) return found;
  throw new LabError("bad-input", `the stack has no link called "${name}"`, {
    hint: `its links are: ${stack.links.map((link) => link.name).join(", ") || "none (x-lab.links in the stack file)"}`,
  });
}

/**
 * The link to what runs elsewhere by which it is reached from outside the stack: its callers, the lab included, use a local
 * address that leads through the fault proxy.
 */
export function entranceOf({ services, links }: Pick<Stack, "services" | "links">, service: string): Link | undefined {
  if (services.find(({ name }) => name === service)?.runsAt === undefined) return undefined;
  return links.find(({ from, to }) => to === service && !services.some(({ name }) => name === from));
}

/** Whether links go through a fault proxy, so that they can be broken without a service being touched. */
export function hasFaultProxy(stack: Stack): boolean {
  return stack.services.some(({ role }) => role === "fault-proxy");
}
