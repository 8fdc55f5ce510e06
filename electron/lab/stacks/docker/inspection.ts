import { createHash } from "node:crypto";
import type Dockerode from "dockerode";
import { macOf } from "./endpoints.ts";

type Inspected = Dockerode.ContainerInspectInfo;

/**
 * What may differ between a container before a fault and after its undo, and why. Everything else that the engine says
 * of it must be the same.
 */
const MAY_DIFFER: readonly { path: RegExp; why: string }[] = [
  { path: /^State\.(StartedAt|FinishedAt|Pid|ExitCode|Error|OOMKilled)$/, why: "each instance has its own" },
  { path: /^State\.Health\./, why: "is new with each instance; the lab runs the check itself" },
  { path: /^(RestartCount|ExecIDs)$/, why: "what happened in one instance" },
  { path: /^NetworkSettings\.Sandbox(ID|Key)$/, why: "each instance has its own network namespace" },
  { path: /(^|\.)EndpointID$/, why: "each connection has its own" },
  {
    path: /^NetworkSettings\.(IPAddress|IPPrefixLen|Gateway|MacAddress|GlobalIPv6.*|IPv6Gateway|Secondary.*)$/,
    why: "repeats what is under Networks",
  },
  // Host ports, addresses and MACs that the engine chose are left out by `plainPorts` and `plainNetwork`.
];

const DIGEST_DIGITS = 16;

/** Every value that the engine reports of a container and that an undo has to bring back, by its path. */
export function inspectionOf(found: Inspected): Record<string, unknown> {
  const { Config, HostConfig, NetworkSettings } = found;
  const networks = Object.entries(NetworkSettings.Networks).map(([name, each]) => [name, plainNetwork(each, found)]);
  const plain = {
    ...found,
    Config: digests(Config),
    HostConfig: digests(HostConfig),
    NetworkSettings: {
      ...NetworkSettings,
      Ports: plainPorts(found),
      Networks: Object.fromEntries(networks),
    },
  };
  return Object.fromEntries(leavesOf(plain, "").filter(([path]) => !MAY_DIFFER.some((each) => each.path.test(path))));
}

/** Addresses and the MAC only where they were chosen; names without the short id's place in their order. */
function plainNetwork(settings: Inspected["NetworkSettings"]["Networks"][string], { Config }: Inspected): unknown {
  const { IPAMConfig, IPAddress, GlobalIPv6Address, MacAddress } = settings;
  const chosen = (IPAMConfig ?? {}) as { IPv4Address?: string; IPv6Address?: string };
  const configuredMac = (Config as { MacAddress?: string }).MacAddress;
  const isMacChosen = MacAddress === configuredMac && MacAddress !== macOf(IPAddress);
  return {
    ...settings,
    IPAddress: chosen.IPv4Address && IPAddress,
    GlobalIPv6Address: chosen.IPv6Address && GlobalIPv6Address,
    MacAddress: isMacChosen ? MacAddress : undefined,
  };
}

/** The host ports that were chosen; the engine gives others to each instance and each connection. */
function plainPorts({ HostConfig, NetworkSettings }: Inspected): unknown {
  const bindings = (HostConfig.PortBindings ?? {}) as Record<string, { HostPort?: string }[] | null>;
  const published = Object.entries(NetworkSettings.Ports ?? {}).map(([inside, on]) => {
    const fixed = new Set((bindings[inside] ?? []).map(({ HostPort }) => HostPort));
    return [
      inside,
      (on ?? []).map(({ HostIp, HostPort }) => `${HostIp}:${fixed.has(HostPort) ? HostPort : "any port"}`),
    ];
  });
  return Object.fromEntries(published);
}

/** Lists whose order means nothing are sorted; the engine's `null`, `""`, `{}` and `[]` all say that there is nothing. */
function leavesOf(value: unknown, path: string): [string, unknown][] {
  if (value === undefined || value === null || value === "") return [];
  if (Array.isArray(value)) {
    if (value.length === 0) return [];
    const texts = value.map((each) => (typeof each === "string" ? each : JSON.stringify(each)));
    return [[path, texts.sort()]];
  }
  if (typeof value !== "object") return [[path, value]];
  return Object.entries(value).flatMap(([key, part]) => leavesOf(part, path === "" ? key : `${path}.${key}`));
}

/** What was configured holds secrets, which are not for the journal: whether a value is another one can be told without it. */
function digests(configured: unknown): Record<string, string> {
  return Object.fromEntries(
    leavesOf(configured, "").map(([path, value]) => [
      path,
      createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, DIGEST_DIGITS),
    ]),
  );
}

/** What is not as it was, by its path in the engine's answer. */
export function differencesOf(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string[] {
  const [was, is] = [networksOf(before), networksOf(after)];
  const left = [...was].filter((name) => !is.has(name));
  const joined = [...is].filter((name) => !was.has(name));
  // Of a network that is missing as a whole the rest goes without saying.
  const isSaid = (path: string) => [...left, ...joined].some((name) => path.startsWith(`${NETWORKS}${name}.`));
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((path) => !isSaid(path));
  return [
    ...left.map((name) => `it is no longer on network ${name}`),
    ...joined.map((name) => `it is also on network ${name}`),
    ...paths.flatMap((path) => differenceAt(path, before, after)),
  ];
}

const NETWORKS = "NetworkSettings.Networks.";

function networksOf(inspection: Readonly<Record<string, unknown>>): Set<string> {
  const suffix = ".NetworkID";
  const paths = Object.keys(inspection).filter((path) => path.startsWith(NETWORKS) && path.endsWith(suffix));
  return new Set(paths.map((path) => path.slice(NETWORKS.length, -suffix.length)));
}

function differenceAt(
  path: string,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string[] {
  const [was, is] = [before[path], after[path]].map((value) => JSON.stringify(value));
  if (was === is) return [];
  if (/^(Host)?Config\./.test(path)) return [`${path} was changed`];
  return [`${path} was ${was ?? "not there"}, is ${is ?? "not there"}`];
}
