import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import type { AskProxy, LinkListener, SidecarFault } from "../../link-sidecars.ts";
import type { DirectLink } from "../../stack-file.ts";
import { endContainer } from "../end-container.ts";
import type { LinkLocation } from "./link-location.ts";
import type { SidecarChannel } from "./sidecar-channel.ts";
import { attach, type SidecarLink, startSidecar } from "./sidecar-container.ts";
import { SidecarRecords } from "./sidecar-records.ts";

/** The lab undoes a fault in time; its sidecar ends this much later if the lab has not. */
const SIDECAR_ENDS_LATER_MS = 1_000;
/** One that has not ended by then, when it was told to, is ended by the engine. */
const STOP_LIMIT_MS = 2_000;

export interface SidecarParts {
  docker: Dockerode;
  link: DirectLink;
  sidecar: SidecarLink;
  image: string;
  /** Called once with each record. */
  listener: LinkListener;
  /** Whether calls on the link are read, and with their bodies; asked when its proxy starts. */
  reads(): "nothing" | "calls" | "bodies";
}

export interface Sidecar {
  container: Dockerode.Container;
  channel: SidecarChannel;
  records: SidecarRecords;
}

/** The control of one that runs, which another process has started. */
export async function joinSidecar(parts: SidecarParts, container: Dockerode.Container): Promise<Sidecar> {
  const records = new SidecarRecords(parts.link.name, parts.listener);
  const channel = await attach(container, records);
  await readCalls(parts, channel);
  return { container, channel, records };
}

/** Resolves once its rules are set. @throws LabError `unsupported` with the reason when they could not be */
export async function beginSidecar(parts: SidecarParts, location: LinkLocation, fault: SidecarFault): Promise<Sidecar> {
  const { docker, sidecar: link, image } = parts;
  const { caller, targets, hosts } = location;
  const { id, isStanding } = fault;
  const records = new SidecarRecords(parts.link.name, parts.listener);
  const wanted = { image, link, callerId: caller.id, targets, hosts, fault: id, isStanding };
  const started = await startSidecar(docker, wanted, records);
  await readCalls(parts, started.channel);
  return { ...started, records };
}

/** One that does not answer is still good for faults: what it does not report is not taken for no calls. */
async function readCalls({ link, reads }: SidecarParts, channel: SidecarChannel): Promise<void> {
  const what = reads();
  if (what === "nothing") return;
  await channel.followCalls(what === "bodies" ? link.name : undefined).catch(() => {});
}

/** Resolves to whether its rules, which come first, are known to be removed. Also for one whose caller has ended. */
export async function endSidecar({ container, channel }: Sidecar): Promise<boolean> {
  const late = new AbortController();
  const ended = await Promise.race([
    channel.stop(),
    delay(STOP_LIMIT_MS, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
  const isRemoved = await endContainer(container);
  return ended?.isRemoved === true || isRemoved;
}

/** Puts a fault on the link, and has the sidecar live as long. */
export async function armOn(channel: SidecarChannel, fault: SidecarFault, forMs: number): Promise<void> {
  channel.prolong(forMs + SIDECAR_ENDS_LATER_MS);
  await fault.arm(channel.ask, forMs);
}

/** Whether faults are on a link of a proxy. */
export async function isBusy(ask: AskProxy, link: string): Promise<boolean> {
  const { body } = await ask("GET", `/proxies/${encodeURIComponent(link)}`);
  const shown = JSON.parse(body) as { enabled: boolean; toxics: unknown[] };
  return !shown.enabled || shown.toxics.length > 0;
}
