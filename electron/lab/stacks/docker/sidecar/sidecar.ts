import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import type { AskProxy, SidecarFault } from "../../link-sidecars.ts";
import type { DirectLink } from "../../stack-file.ts";
import type { LinkLocation } from "./link-location.ts";
import type { SidecarChannel } from "./sidecar-channel.ts";
import { attach, removeSidecar, type SidecarLink, startSidecar } from "./sidecar-container.ts";
import { SidecarHits } from "./sidecar-hits.ts";

/** The lab undoes a fault in time; its sidecar ends this much later if the lab has not. */
const SIDECAR_ENDS_LATER_MS = 1_000;
/** One that has not ended by then, when it was told to, is ended by the engine. */
const STOP_LIMIT_MS = 2_000;

export interface SidecarParts {
  docker: Dockerode;
  link: DirectLink;
  sidecar: SidecarLink;
  image: string;
  /** Called once with each hit. */
  takeHit(hit: unknown): void;
}

export interface Sidecar {
  container: Dockerode.Container;
  channel: SidecarChannel;
  hits: SidecarHits;
}

/** The control of one that runs, which another process has started. */
export async function joinSidecar({ takeHit }: SidecarParts, container: Dockerode.Container): Promise<Sidecar> {
  const hits = new SidecarHits(takeHit);
  return { container, channel: await attach(container, (hit) => hits.take(hit)), hits };
}

/** Resolves once its rules are set. @throws LabError `unsupported` with the reason when they could not be */
export async function beginSidecar(parts: SidecarParts, location: LinkLocation, fault: SidecarFault): Promise<Sidecar> {
  const { docker, sidecar: link, image, takeHit } = parts;
  const { caller, targets } = location;
  const { id, isStanding } = fault;
  const hits = new SidecarHits(takeHit);
  const wanted = { image, link, callerId: caller.id, targets, fault: id, isStanding };
  return { ...(await startSidecar(docker, wanted, (hit) => hits.take(hit))), hits };
}

/** Resolves to whether its rules, which come first, are known to be removed. Also for one whose caller has ended. */
export async function endSidecar({ container, channel }: Sidecar): Promise<boolean> {
  const late = new AbortController();
  const ended = await Promise.race([
    channel.stop(),
    delay(STOP_LIMIT_MS, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
  const isRemoved = await removeSidecar(container);
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
