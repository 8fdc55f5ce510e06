import { createHash } from "node:crypto";
import { isAbsolute, resolve } from "node:path";
import type Dockerode from "dockerode";
import { isObject } from "../../../model/json.ts";
import type { Endpoint } from "../../journal/baseline.ts";
import { LAB_VERSION } from "../../version.ts";
import { networksOf } from "../compose-names.ts";
import type { Stack } from "../stack-file.ts";
import type { ComposeService } from "../stack-schema.ts";
import { LABEL } from "./compose-labels.ts";
import { endpointConfig } from "./endpoints.ts";
import { shellWords } from "./shell-words.ts";

export interface ContainerSpec {
  service: string;
  create: Dockerode.ContainerCreateOptions;
  /** Networks after the first, which the engine takes one by one. */
  more: Endpoint[];
}

/** Which host port a service's first published port is given; the others keep what the file says. */
type Ports = Readonly<Record<string, number>>;

const NANOSECONDS = 1_000_000;

/** The create request for a service, as compose would send it. */
export function containerSpec(stack: Stack, service: string, ports: Ports, imageId: string): ContainerSpec {
  const compose = stack.document.services[service] as ComposeService;
  const endpoints = networksOf(compose).map(([name, options]) => ({
    network: networkName(stack, name),
    config: {
      Aliases: [...new Set([service, ...(options?.aliases ?? [])])],
      IPAMConfig: options?.ipv4_address === undefined ? {} : { IPv4Address: options.ipv4_address },
    },
  }));
  const [first, ...more] = endpoints;
  const { portBindings, exposed } = publish(compose, ports[service]);
  const create: Dockerode.ContainerCreateOptions = {
    name: `${stack.project}-${service}-1`,
    Image: imageOf(stack, service),
    Env: Object.entries(compose.environment ?? {}).map(([name, value]) => `${name}=${value}`),
    Labels: { ...compose.labels, ...composeLabels(stack, service, imageId) },
    ExposedPorts: exposed,
    HostConfig: {
      Binds: bindsOf(stack, compose),
      VolumesFrom: [],
      NetworkMode: first?.network ?? "default",
      PortBindings: portBindings,
      RestartPolicy: restartPolicy(compose.restart),
      Tmpfs: Object.fromEntries([compose.tmpfs ?? []].flat().map((entry) => splitOnce(entry, ":"))),
      ...(compose.init === undefined ? {} : { Init: compose.init }),
      ...(compose.read_only === undefined ? {} : { ReadonlyRootfs: compose.read_only }),
    },
    ...(first === undefined
      ? {}
      : { NetworkingConfig: { EndpointsConfig: { [first.network]: endpointConfig(first) } } }),
    ...optional("Cmd", wordsOf(compose.command)),
    ...optional("Entrypoint", wordsOf(compose.entrypoint)),
    ...optional("User", compose.user),
    ...optional("WorkingDir", compose.working_dir),
    ...optional("Hostname", compose.hostname),
    ...optional("StopSignal", compose.stop_signal),
    ...optional("StopTimeout", inSeconds(compose.stop_grace_period)),
    ...optional("Healthcheck", healthcheckOf(compose)),
    ...optional("Volumes", volumePaths(compose)),
  };
  return { service, create, more };
}

/** The image of a service: the one it names, else the one that compose would call its build. */
export function imageOf(stack: Stack, service: string): string {
  return stack.document.services[service]?.image ?? `${stack.project}-${service}`;
}

export function networkName(stack: Stack, name: string): string {
  const options = stack.document.networks?.[name];
  return options?.name ?? (options?.external ? name : `${stack.project}_${name}`);
}

export function volumeName(stack: Stack, name: string): string {
  const options = stack.document.volumes?.[name];
  return options?.name ?? (options?.external ? name : `${stack.project}_${name}`);
}

function composeLabels(stack: Stack, service: string, imageId: string): Record<string, string> {
  const compose = stack.document.services[service];
  return {
    [LABEL.project]: stack.project,
    [LABEL.service]: service,
    [LABEL.number]: "1",
    [LABEL.oneOff]: "False",
    [LABEL.configHash]: createHash("sha256").update(canonical({ compose, imageId })).digest("hex"),
    [LABEL.configFiles]: stack.file,
    [LABEL.workingFolder]: stack.folder,
    [LABEL.version]: LAB_VERSION,
  };
}

/** JSON with the fields of every object in one order, so that the same configuration has one hash. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

function publish({ ports = [] }: ComposeService, chosen: number | undefined) {
  const portBindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const [index, { hostAddress, hostPort, containerPort }] of ports.entries()) {
    const port = index === 0 ? (chosen ?? hostPort) : hostPort;
    const HostIp = hostAddress === "0.0.0.0" ? "" : hostAddress.replace(/^\[|\]$/g, "");
    const key = `${containerPort}/tcp`;
    portBindings[key] = [...(portBindings[key] ?? []), { HostIp, HostPort: port === 0 ? "" : String(port) }];
  }
  return { portBindings, exposed: Object.fromEntries(Object.keys(portBindings).map((key) => [key, {}])) };
}

/** `name:/path`, `./folder:/path` and `/folder:/path`, each perhaps with `:ro`. */
function bindsOf(stack: Stack, { volumes = [] }: ComposeService): string[] {
  return volumes.flatMap((volume) => {
    const [source = "", target, mode = "rw"] = volume.split(":");
    if (target === undefined) return [];
    const isPath = isAbsolute(source) || source.startsWith(".");
    return [`${isPath ? resolve(stack.folder, source) : volumeName(stack, source)}:${target}:${mode}`];
  });
}

/** Where volumes of any kind are inside; those without a source get an anonymous one. */
function volumePaths({ volumes = [] }: ComposeService): Record<string, object> | undefined {
  if (volumes.length === 0) return undefined;
  return Object.fromEntries(volumes.map((volume) => [volume.split(":")[1] ?? volume, {}]));
}

function restartPolicy(restart: string | undefined): Dockerode.HostRestartPolicy {
  const [name = "", count] = (restart ?? "").split(":");
  return { Name: name === "no" ? "" : name, MaximumRetryCount: Number(count ?? 0) };
}

function healthcheckOf({ healthcheck }: ComposeService): Dockerode.HealthConfig | undefined {
  if (healthcheck === undefined) return undefined;
  const { test, disable, interval, timeout, retries, start_period, start_interval } = healthcheck;
  if (disable) return { Test: ["NONE"] };
  return {
    ...optional("Test", typeof test === "string" ? ["CMD-SHELL", test] : test),
    ...optional("Interval", inNanoseconds(interval)),
    ...optional("Timeout", inNanoseconds(timeout)),
    ...optional("Retries", retries),
    ...optional("StartPeriod", inNanoseconds(start_period)),
    // Engines before 25.0 ignore it.
    ...optional("StartInterval", inNanoseconds(start_interval)),
  };
}

function inNanoseconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * NANOSECONDS);
}

/** The engine counts grace in whole seconds. */
function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.ceil(ms / 1_000);
}

function wordsOf(command: string | string[] | undefined): string[] | undefined {
  return typeof command === "string" ? shellWords(command) : command;
}

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + at.length)];
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value });
}
