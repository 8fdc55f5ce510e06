import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Launch, RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import { LabError } from "../lab-error.ts";
import { ENDPOINT_VARIABLE, LOOPBACK, type Telemetry } from "../telemetry/telemetry.ts";
import { PROGRAMS_FOLDER } from "./reference-stack.ts";
import { isProxied, type Link, type ProxiedLink, type Service, type Stack, serviceNamed } from "./stack-file.ts";
import { unpublished } from "./unpublished.ts";

/** Of the lab's own environment only what programs need to run: no secret of the person's shell reaches a service. */
const PASSED_ON = ["PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SystemRoot", "LANG", "TZ"];

export interface LaunchPlace {
  /** Data and logs of this stack. */
  folder: string;
  /** Service to host port. */
  ports: Readonly<Record<string, number>>;
  environment: NodeJS.ProcessEnv;
  /** What a service needs to send its telemetry to the lab; absent where nothing is received. */
  telemetry?: Readonly<Record<string, string>> | undefined;
}

/** Where the lab itself reaches a service. @throws LabError when it publishes no port */
export function addressOf(service: Service, ports: Readonly<Record<string, number>>): string {
  const port = ports[service.name];
  if (port !== undefined) return `127.0.0.1:${port}`;
  throw unpublished(service.name);
}

/** Registers how each service of a stack is started. */
export function writeLaunches(
  stack: Stack,
  registered: RegisteredStack,
  {
    register,
    stacksFolder,
    environment,
    telemetry,
  }: {
    register: StackRegister;
    stacksFolder: string;
    environment: NodeJS.ProcessEnv;
    telemetry?: Telemetry | undefined;
  },
): void {
  const place = {
    folder: join(stacksFolder, registered.id),
    ports: registered.ports,
    environment,
    telemetry: telemetry?.environmentFor(LOOPBACK),
  };
  for (const service of stack.services) {
    register.setProcess(registered.id, service.name, makeLaunch(stack, service, place), undefined);
  }
}

/** How the process driver runs a service: compose's environment, with the addresses of this machine filled in. */
export function makeLaunch(stack: Stack, service: Service, place: LaunchPlace): Launch {
  if (service.process === undefined) {
    throw new LabError("bad-input", `${service.name} has no x-lab.process, so it cannot run without Docker`, {
      hint: {
        terminal: "add it to the stack file, or use --driver docker",
        window: "open the reference stack on Docker, on the Stacks page",
      },
    });
  }
  const data = join(place.folder, "data", service.name);
  const logs = join(place.folder, "logs");
  for (const folder of [data, logs]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fill = (text: string): string =>
    text
      .replaceAll("{data}", data)
      .replaceAll("{programs}", PROGRAMS_FOLDER)
      .replaceAll("{links}", proxiedLinks(stack, place))
      .replaceAll("{port}", String(place.ports[service.name] ?? ""))
      .replaceAll("{address}", place.ports[service.name] === undefined ? "" : addressOf(service, place.ports));
  const links = stack.links.filter(isProxied).filter(({ from }) => from === service.name);
  const composed = Object.entries(service.environment).map(([name, value]) => [
    name,
    reroute(value, links, stack, place),
  ]);
  const own = Object.entries(service.process.environment).map(([name, value]) => [name, fill(value)]);
  const passed = PASSED_ON.flatMap((name) => (place.environment[name] ? [[name, place.environment[name]]] : []));
  return {
    command: service.process.command.map(fill),
    environment: withTelemetry(Object.fromEntries([...passed, ...composed, ...own]), place.telemetry),
    folder: stack.folder,
    stopSignal: service.stopSignal,
    stopGraceMs: service.stopGraceMs,
    logFile: { stdout: join(logs, `${service.name}.stdout.log`), stderr: join(logs, `${service.name}.stderr.log`) },
    needs: Object.keys(service.dependsOn),
  };
}

/** The environment with the lab's address in it, where the service asks for one by an empty value. */
export function withTelemetry(
  environment: Readonly<Record<string, string>>,
  telemetry: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  return { ...environment, ...(environment[ENDPOINT_VARIABLE] === "" ? telemetry : undefined) };
}

/** The address that a link's caller names, replaced by the one on this machine that leads there. */
function reroute(value: string, links: readonly ProxiedLink[], stack: Stack, place: LaunchPlace): string {
  return links.reduce((text, link) => text.replaceAll(wholeAddress(link.listen), wayInto(link, stack, place)), value);
}

/** `db:80` is not meant in `my-db:80`, nor in `db:8080`. */
function wholeAddress(address: string): RegExp {
  return new RegExp(`(?<![\\w.-])${address.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?!\\d)`, "g");
}

/** Where a link begins: at the fault proxy, or at the callee itself in a stack without one. */
function wayInto(link: Link, stack: Stack, { ports }: LaunchPlace): string {
  const proxied = ports[link.name];
  return proxied === undefined ? addressOf(serviceNamed(stack, link.to), ports) : `127.0.0.1:${proxied}`;
}

/** `name=listen>upstream` for each link, as the fault proxy reads them. */
function proxiedLinks(stack: Stack, place: LaunchPlace): string {
  return stack.links
    .filter(({ name }) => place.ports[name] !== undefined)
    .map(
      (link) => `${link.name}=${wayInto(link, stack, place)}>${addressOf(serviceNamed(stack, link.to), place.ports)}`,
    )
    .join(",");
}
