import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import { LabError, messageOf } from "../../../lab-error.ts";
import { type ImageBuilding, UNSEEN_BUILDING } from "../../image-building.ts";
import type { AskProxy, Disarm, LinkListener, LinkSidecars, SidecarFault } from "../../link-sidecars.ts";
import type { DirectLink } from "../../stack-file.ts";
import { SIDECAR_LABEL } from "../compose-labels.ts";
import { endContainer } from "../end-container.ts";
import { CarriedLink } from "./carried-link.ts";
import { allDone, CarriedLinks } from "./carried-links.ts";
import { type LinkLocation, locateLink, runningContainers } from "./link-location.ts";
import { isBusy } from "./sidecar.ts";
import { attach, runOnce, type SidecarLink, sidecarsOf } from "./sidecar-container.ts";
import { sidecarImage } from "./sidecar-image.ts";

/** The engine carries out what a lab asked for a moment before it died within this time. */
const IN_FLIGHT_MS = 500;

function byHostsFile({ from }: DirectLink): string {
  return `by ${from}'s hosts file, which misses connections that are open, or made to an address or by another resolver, and all but one of several callees`;
}

/** An engine that grants no NET_ADMIN sets no packet rules, and may still mount a file. */
function areRulesRefused(error: unknown): boolean {
  return /permission denied|not permitted|must be root|NET_ADMIN|capabilit/i.test(messageOf(error));
}

/** {@link LinkSidecars} of a compose project. */
export class DockerLinkSidecars implements LinkSidecars {
  readonly #docker: Dockerode;
  readonly #project: string;
  readonly #stackId: string;
  /** By the link's name; only those of this process. */
  readonly #carried = new Map<string, CarriedLinks>();
  readonly #listeners = new Set<LinkListener>();
  #image: Promise<string> | undefined;
  /** Known once they were refused. */
  #whyNoRules: string | undefined;

  /** @param stackId the stack's id in the journal: what a lab that is not this one does on the same project is left alone */
  constructor(docker: Dockerode, project: string, stackId: string) {
    this.#docker = docker;
    this.#project = project;
    this.#stackId = stackId;
  }

  ensureImage(building: ImageBuilding = UNSEEN_BUILDING): Promise<string> {
    const image = this.#image ?? sidecarImage(this.#docker, building);
    this.#image = image;
    image.catch(() => {
      this.#image = undefined;
    });
    return image;
  }

  async prepare(link: DirectLink): Promise<void> {
    await Promise.all([this.#locate(link), this.ensureImage()]);
  }

  async preflight(link: DirectLink): Promise<string> {
    try {
      await this.#check(link);
      return link.by === "hosts" ? byHostsFile(link) : "by packet rules of its caller";
    } catch (error) {
      if (link.by !== undefined || !areRulesRefused(error)) throw error;
      await this.#check({ ...link, by: "hosts" });
      return `${byHostsFile(link)}, since packet rules are refused: ${messageOf(error)}`;
    }
  }

  async apply(link: DirectLink, fault: SidecarFault): Promise<string | undefined> {
    let carried = this.#carried.get(link.name);
    if (carried?.hasEnded) {
      await this.#remove(carried);
      carried = undefined;
    }
    carried ??= await this.#carryBySomeWay(link, fault);
    try {
      await carried.add(fault);
    } catch (error) {
      if (carried.isIdle) await this.#remove(carried);
      throw error;
    }
    if (carried.link.by === link.by) return undefined;
    return `${byHostsFile(link)}, since packet rules are refused: ${this.#whyNoRules}`;
  }

  async undo(link: DirectLink, fault: string, isApplied: boolean, disarm: Disarm) {
    const carried = this.#carried.get(link.name);
    // Also for one that could not be added, and may be on the link nevertheless.
    if (carried !== undefined) {
      const hits = await carried.take(fault, disarm);
      if (carried.isIdle) await this.#remove(carried);
      return { hits };
    }
    const hits = await this.#undoOfOther(link, disarm);
    if (isApplied) return { hits };
    await delay(IN_FLIGHT_MS);
    return { hits: (await this.#undoOfOther(link, disarm)) ?? hits };
  }

  async whyEnded(link: DirectLink, fault: string, isArmed: (ask: AskProxy) => Promise<boolean>) {
    const carried = this.#carried.get(link.name);
    if (carried?.has(fault)) return carried.whyEnded(isArmed);
    const found = await sidecarsOf(this.#docker, this.#linkOf(link)).catch(() => undefined);
    return found?.length === 0 ? `the sidecar of ${link.name} is gone` : undefined;
  }

  async present(): Promise<{ link: string; fault: string }[]> {
    const found = await sidecarsOf(this.#docker, { project: this.#project });
    return found.map(({ Labels }) => ({
      link: Labels[SIDECAR_LABEL.link] ?? "",
      fault: Labels[SIDECAR_LABEL.fault] ?? "",
    }));
  }

  follow(listener: LinkListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async readRecords(): Promise<boolean> {
    const read = await Promise.all([...this.#carried.values()].map((carried) => carried.readRecords()));
    return !read.includes(false);
  }

  serviceChanged(service: string): void {
    for (const carried of this.#carried.values()) {
      const { from, to } = carried.link;
      // What fails is tried again at the next change; until then the fault watch reports what is not in force.
      if (service === from || service === to) void carried.follow(() => this.#locate(carried.link)).catch(() => {});
    }
  }

  async close(): Promise<void> {
    const all = [...this.#carried.values()];
    this.#carried.clear();
    await Promise.all(all.map((carried) => carried.release()));
  }

  readonly #everyListener: LinkListener = {
    bodiesOf: [],
    hit: (...record) => {
      for (const { hit } of this.#listeners) hit(...record);
    },
    call: (...record) => {
      for (const { call } of this.#listeners) call(...record);
    },
    callsUpTo: (...record) => {
      for (const { callsUpTo } of this.#listeners) callsUpTo(...record);
    },
  };

  #readsOf(link: string): "nothing" | "calls" | "bodies" {
    if (this.#listeners.size === 0) return "nothing";
    return [...this.#listeners].some(({ bodiesOf }) => bodiesOf.includes(link)) ? "bodies" : "calls";
  }

  #linkOf({ name }: Pick<DirectLink, "name">): SidecarLink {
    return { project: this.#project, stackId: this.#stackId, name };
  }

  async #check(link: DirectLink): Promise<void> {
    const [locations, image] = await Promise.all([this.#locate(link), this.ensureImage()]);
    for (const { caller, targets, hosts } of locations) {
      const parts = { image, link: this.#linkOf(link), callerId: caller.id, targets, hosts };
      await runOnce(this.#docker, parts, "check");
    }
  }

  #locate(link: DirectLink): Promise<LinkLocation[]> {
    return locateLink(this.#docker, this.#project, link);
  }

  /** By the hosts file where the engine refuses packet rules; that the journal does not know, and {@link #clear} tries both. */
  async #carryBySomeWay(link: DirectLink, fault: SidecarFault): Promise<CarriedLinks> {
    const byHosts = { ...link, by: "hosts" } as const;
    if (this.#whyNoRules !== undefined) return this.#carry(byHosts, fault);
    try {
      return await this.#carry(link, fault);
    } catch (error) {
      if (link.by !== undefined || !areRulesRefused(error)) throw error;
      const carried = await this.#carry(byHosts, fault);
      this.#whyNoRules = messageOf(error);
      return carried;
    }
  }

  async #carry(link: DirectLink, fault: SidecarFault): Promise<CarriedLinks> {
    const [locations, image, standing] = await Promise.all([
      this.#locate(link),
      this.ensureImage(),
      this.#standing(link),
    ]);
    const parts = {
      docker: this.#docker,
      link,
      sidecar: this.#linkOf(link),
      image,
      listener: this.#everyListener,
      reads: () => this.#readsOf(link.name),
    };
    const started: CarriedLink[] = [];
    try {
      await allDone(
        locations.map(async (location) => {
          const earlier = standing.get(location.caller.id);
          const carried = earlier
            ? await CarriedLink.join(parts, location, earlier)
            : await CarriedLink.start(parts, location, fault);
          started.push(carried);
        }),
      );
    } catch (error) {
      await Promise.allSettled(started.map((each) => each.stop()));
      throw error;
    }
    const carried = new CarriedLinks(link, started);
    this.#carried.set(link.name, carried);
    return carried;
  }

  /**
   * Those that an earlier command has left with a standing fault, by the id of the caller. Any other is none of a living
   * lab, and is removed.
   */
  async #standing(link: DirectLink): Promise<Map<string, Dockerode.Container>> {
    const standing = new Map<string, Dockerode.Container>();
    for (const { Id, Labels, State } of await sidecarsOf(this.#docker, this.#linkOf(link))) {
      const container = this.#docker.getContainer(Id);
      if (Labels[SIDECAR_LABEL.standing] !== undefined && State === "running") {
        standing.set(Labels[SIDECAR_LABEL.caller] ?? "", container);
      } else if (!(await endContainer(container))) await this.#clear(link);
    }
    return standing;
  }

  async #remove(carried: CarriedLinks): Promise<void> {
    this.#carried.delete(carried.link.name);
    if (!(await carried.stop())) await this.#clear(carried.link);
  }

  /** Undoes what another process of this lab, dead or alive, has done to the link. */
  async #undoOfOther(link: DirectLink, disarm: Disarm): Promise<number | undefined> {
    let hits: number | undefined;
    const found = await sidecarsOf(this.#docker, this.#linkOf(link));
    let isClean = found.length > 0;
    let isNeeded = false;
    for (const { Id, Labels, State } of found) {
      const container = this.#docker.getContainer(Id);
      if (Labels[SIDECAR_LABEL.standing] !== undefined && State === "running") {
        const channel = await attach(container, { takeHit: () => {}, takeCall: () => {} });
        let isStillBusy = false;
        try {
          const met = await disarm(channel.ask);
          hits = met === undefined ? hits : (hits ?? 0) + met;
          isStillBusy = await isBusy(channel.ask, link.name);
        } finally {
          channel.detach();
        }
        isNeeded ||= isStillBusy;
        if (!isStillBusy && !(await endContainer(container))) isClean = false;
      } else if (Labels[SIDECAR_LABEL.stack] === this.#stackId) {
        if (!(await endContainer(container))) isClean = false;
      } else isNeeded = true;
    }
    if (!isClean && !isNeeded) await this.#clear(link);
    return hits;
  }

  /** Rules outlive only a sidecar that was killed. They end with the namespace of a caller that has ended. */
  async #clear(link: DirectLink): Promise<void> {
    const callers = await runningContainers(this.#docker, this.#project, link.from);
    if (callers.length === 0) return;
    const image = await this.ensureImage();
    for (const { Id: callerId, State, HostsPath: file } of callers) {
      const parts = { image, link: this.#linkOf(link), callerId, targets: [] };
      const clearHosts = () =>
        runOnce(this.#docker, { ...parts, hosts: { file, network: "none", names: [] } }, "clear");
      const clearRules = () =>
        // Who may not set rules has set none.
        runOnce(this.#docker, parts, "clear").catch((error: unknown) => {
          if (!areRulesRefused(error)) throw error;
          return clearHosts();
        });
      await (link.by === "hosts" ? clearHosts() : clearRules()).catch((error: unknown) => {
        const what = link.by === "hosts" ? "line in the hosts file" : "rules";
        throw new LabError("residue", `${link.name}: its ${what} may still be in ${link.from} (${State.Status})`, {
          hint: `restart ${link.from}, which removes it`,
          cause: error,
        });
      });
    }
  }
}
