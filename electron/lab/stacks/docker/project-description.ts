import type Dockerode from "dockerode";
import type { DescribedLink, DescribedService, ProjectChanges, ProjectDescription } from "../../../contract/stacks.ts";
import { LabError } from "../../lab-error.ts";
import { shownHeaders, shownProbe, writtenHeaders, writtenProbe } from "../described-probe.ts";
import { isProxied, type Service, type Stack } from "../stack-file.ts";
import { changeOverlay, type OverlayChanges, overlayToSave } from "./project-overlay.ts";
import { type FoundProject, findProject, saidOf } from "./project-stack.ts";
import { proposeLinks } from "./propose-links.ts";

/**
 * What the lab takes the services and links of a project that is open for, and which of it is only proposed. As it was when
 * the project was opened: what is broken by now answers nothing.
 */
export async function readDescription(
  docker: Dockerode,
  open: Stack,
  environment: NodeJS.ProcessEnv,
): Promise<ProjectDescription> {
  const { project } = open;
  const found = await findProject(docker, project, undefined, environment);
  const said = saidOf(found);
  const configured = proposeLinks(found.services);
  return {
    project,
    savedIn: overlayToSave(project, found.folder, environment),
    services: found.services.flatMap((service): DescribedService[] => {
      const taken = open.services.find((each) => each.name === service.name);
      if (taken === undefined) return [];
      const { name, image, replicas } = service;
      const ports = service.ports.map(({ inside }) => inside);
      const written = said.services.get(name);
      const form = formOf(taken, (written?.["x-lab"] ?? {}) as Record<string, unknown>);
      return [{ name, image, replicas, ports, saidIn: written?.file ?? null, ...form }];
    }),
    links: open.links.map((link): DescribedLink => {
      const { name, from, to } = link;
      const has = (links: readonly { name: string }[]) => links.some((each) => each.name === name);
      const origin = has(said.links) ? "file" : has(configured) ? "configuration" : "connection";
      return { name, from, to, port: isProxied(link) ? null : link.port, origin };
    }),
    unseen: [...found.unseen],
  };
}

function formOf(
  { role, probe, endpoint, insidePort, lateAt }: Service,
  written: Record<string, unknown>,
): Pick<DescribedService, "role" | "probe" | "headers" | "port" | "lateAt"> {
  return {
    role,
    probe: shownProbe(probe, endpoint, written.probe),
    headers: shownHeaders(written.headers),
    port: insidePort ?? null,
    lateAt: lateAt ?? null,
  };
}

/**
 * Saves what a person has corrected. What else is said of a service, such as its tools, is kept.
 * @returns the file
 * @throws LabError when a service or link is unknown, or the file cannot be written
 */
export async function saveDescription(
  docker: Dockerode,
  changes: ProjectChanges,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const { project } = changes;
  const found = await findProject(docker, project, undefined, environment);
  const file = overlayToSave(project, found.folder, environment);
  changeOverlay(file, [...serviceChanges(found, changes), ...linkChanges(found, changes)]);
  return file;
}

type WrittenProbe = NonNullable<ProjectChanges["services"][number]["probe"]>;

function serviceChanges(found: FoundProject, { services }: ProjectChanges): OverlayChanges {
  const said = saidOf(found).services;
  return services.map(({ name, role, probe, headers, port }) => {
    assertService(found, name);
    const before = (said.get(name)?.["x-lab"] ?? {}) as Record<string, unknown>;
    const { endpoint: _, port: __, headers: sent, ...kept } = before;
    const probed = probe === null ? {} : { probe: writtenProbe(probe) };
    const written = writtenHeaders(headers, sent);
    const more = { ...(written && { headers: written }), ...(port !== null && { port }) };
    const lab = { ...kept, role, ...probed, ...endpointOf(role, probe, before), ...more };
    return [["services", name, "x-lab"], lab];
  });
}

/** Where a gateway or server is called is where it is probed, by a handshake; other endpoints stay as they are said. */
function endpointOf(role: string, probe: WrittenProbe | null, before: object): { endpoint?: unknown } {
  if (probe?.is === "mcp" && (role === "gateway" || role === "mcp-server")) return { endpoint: probe.path ?? "/" };
  return "endpoint" in before ? { endpoint: before.endpoint } : {};
}

function linkChanges(found: FoundProject, { addLinks, removeLinks }: ProjectChanges): OverlayChanges {
  if (addLinks.length === 0 && removeLinks.length === 0) return [];
  for (const { from, to } of addLinks) for (const name of [from, to]) assertService(found, name);
  const added = addLinks.map(({ from, to, port }) => ({ name: `${from}->${to}`, port }));
  const gone = new Set([...removeLinks, ...added.map(({ name }) => name)]);
  const kept = saidOf(found).links.filter(({ name }) => !gone.has(name));
  return [
    [
      ["x-lab", "links"],
      [...kept, ...added],
    ],
  ];
}

function assertService({ services, project }: FoundProject, name: string): void {
  if (services.some((service) => service.name === name)) return;
  throw new LabError("bad-input", `project ${project} has no service called "${name}"`, {
    hint: `its services are: ${services.map((service) => service.name).join(", ")}`,
  });
}
