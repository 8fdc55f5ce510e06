import type { FaultInForce } from "../../../contract/faults.ts";
import type { ServiceStatus, StackStatus } from "../../../contract/stack.ts";
import { type Damage, describeDamage, inspectDamage, isHarm, targetOf } from "../../faults/existing-damage.ts";
import type { FaultJournal, JournaledFault } from "../../journal/fault-journal.ts";
import { asLabError, LabError } from "../../lab-error.ts";
import type { OpenStack, StackNews } from "../../stacks/open-stack.ts";
import { protectionsOf } from "../../stacks/protections.ts";
import { isWell, stateOfAll } from "../../stacks/replica-states.ts";
import type { ResolvedTarget } from "../../stacks/resolve-target.ts";
import { driverOf, type RunTarget } from "../../stacks/run-target.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import type { Stack } from "../../stacks/stack-file.ts";
import type { Stacks } from "../../stacks/stacks.ts";
import { faultKindsOf } from "./fault-kinds.ts";

/** Nothing tells the lab of a process that ends by itself, so it looks. */
const POLL_INTERVAL_MS = 1_000;

type Situation =
  | { is: "down" }
  | { is: "failed"; error: LabError }
  | { is: "starting"; progress: Map<string, string>; opening: Promise<OpenStack> }
  | { is: "up"; open: OpenStack }
  | { is: "stopping"; open: OpenStack; stopping: Promise<void> };

export interface ControllerParts {
  stacks: Pick<Stacks, "resolve" | "open">;
  /** The stack that was left up when the lab was opened, else the one that it is to bring up. */
  first: ChosenStack;
  journal: FaultJournal;
  /** Of the settings as they are when the stack is brought up. */
  options: () => Pick<RunTarget, "keep" | "ports">;
  onChange: () => void;
  onUp: (running: RunningStack) => void;
  /** Before the stack is taken down or let go. */
  onLeave: () => Promise<void>;
}

/** A target, and its stack as it was read. */
export interface ChosenStack {
  target: RunTarget;
  stack: Stack;
}

/** The one stack that the lab has open: brought up or attached to when first needed, kept until told down. */
export class StackController {
  readonly #parts: ControllerParts;
  #chosen: ChosenStack;
  readonly #quit = new AbortController();
  #situation: Situation = { is: "down" };
  #timer: NodeJS.Timeout | undefined;
  /** By the last look, and by the one before it: what is only there for a moment is no damage. */
  #damage: Damage[] = [];
  #damageBefore = new Set<string>();

  constructor(parts: ControllerParts) {
    this.#parts = parts;
    this.#chosen = parts.first;
  }

  /** Takes over a stack of the target that `stack up`, or an earlier lab, left up. */
  adopt(open: OpenStack): void {
    this.#become({ is: "up", open });
  }

  /** What the lab breaks and runs on, up or not. */
  get stack(): Stack {
    return this.running?.stack ?? this.#chosen.stack;
  }

  get target(): RunTarget {
    return this.#chosen.target;
  }

  /** A person has attached it: it is somebody else's. */
  get isAttached(): boolean {
    const { is } = this.#chosen.target.source;
    return is === "project" || is === "gateway" || this.running?.registered.attached === true;
  }

  /** Opens another stack; the one that is open has been closed. It is brought up or attached to by {@link up}. */
  choose(chosen: ChosenStack): void {
    if (this.#situation.is !== "down") throw new LabError("busy", "another stack is open", { hint: LATER });
    this.#chosen = chosen;
    this.#parts.onChange();
  }

  /** The stack if it is up. */
  get running(): RunningStack | undefined {
    return this.#situation.is === "up" ? this.#situation.open.running : undefined;
  }

  /** What the stack runs on, or is to run on when it is brought up. */
  get driver(): "process" | "docker" {
    return this.running?.driver.kind ?? driverOf(this.#chosen.target) ?? "process";
  }

  /** What is being started, in a few words; empty when nothing is. */
  get activity(): string {
    if (this.#situation.is !== "starting") return "";
    const starting = [...this.#situation.progress].filter(([, state]) => state === "starting").map(([name]) => name);
    return `starting the stack${starting.length > 0 ? `: ${starting.join(", ")}` : ""}`;
  }

  /**
   * The stack, brought up if it is not. Everyone who asks meanwhile waits for the same start; one who stops waiting
   * does not stop it.
   * @param just the stack that has just been chosen, as it was read for that; else it is read again
   */
  async up(just?: ResolvedTarget): Promise<OpenStack> {
    this.#quit.signal.throwIfAborted();
    if (this.#situation.is === "up") return this.#situation.open;
    if (this.#situation.is === "starting") return this.#situation.opening;
    if (this.#situation.is === "stopping") throw new LabError("busy", "the stack is being taken down", { hint: LATER });
    const progress = new Map<string, string>();
    const opening = this.#bringUp(progress, just);
    opening.catch(() => {});
    this.#become({ is: "starting", progress, opening });
    try {
      const open = await opening;
      this.#become({ is: "up", open });
      return open;
    } catch (error) {
      this.#become({ is: "failed", error: asLabError(error) });
      throw error;
    }
  }

  /** Takes the stack down; one that is someone else's is let go. Faults on it are to be undone before. */
  async down(): Promise<void> {
    if (this.#situation.is === "starting") throw new LabError("busy", "the stack is being brought up", { hint: LATER });
    if (this.#situation.is === "failed") this.#become({ is: "down" });
    if (this.#situation.is === "stopping") return this.#situation.stopping;
    if (this.#situation.is !== "up") return;
    const { open } = this.#situation;
    const stopping = this.#takeDown(open);
    this.#become({ is: "stopping", open, stopping });
    try {
      await stopping;
      this.#become({ is: "down" });
    } catch (error) {
      this.#become({ is: "failed", error: asLabError(error) });
      throw error;
    }
  }

  async #takeDown(open: OpenStack): Promise<void> {
    try {
      await this.#parts.onLeave();
    } finally {
      if (open.running.registered.attached) await open.release();
      else await open.takeDown(() => this.#parts.onChange());
    }
  }

  /** A stack that is starting is given up, and none is brought up any more. */
  giveUpStart(): void {
    this.#quit.abort(new LabError("busy", "the lab is ending"));
  }

  /**
   * For the lab's end: a kept stack is let go as it is, another is taken down; one that is starting is given up, and one
   * that is being taken down is waited for.
   */
  async close(): Promise<void> {
    this.giveUpStart();
    if (this.#situation.is === "starting") await this.#situation.opening.catch(() => {});
    clearInterval(this.#timer);
    await this.leave();
  }

  /** A kept stack is let go as it is, another is taken down. Faults on it are to be undone before. */
  async leave(): Promise<void> {
    if (this.#situation.is === "stopping") return this.#situation.stopping;
    if (this.#situation.is !== "up" || !this.#situation.open.running.registered.kept) return this.down();
    const { open } = this.#situation;
    try {
      await this.#parts.onLeave();
    } finally {
      await open.release();
      this.#become({ is: "down" });
    }
  }

  /** Faults in force on the stack, of whatever run, by the journal. */
  faults(): JournaledFault[] {
    const running = this.running;
    return running === undefined ? [] : this.#parts.journal.open(running.registered.id);
  }

  /** What is broken on the stack and in no journal, looked at now. */
  async inspect(running: RunningStack): Promise<Damage[]> {
    const { damage } = await inspectDamage(running, () => this.faults());
    return damage.filter((each) => isHarm(each) && each.is !== "fault");
  }

  /** @param isBusy a run is in progress: it reports what is broken */
  async status(
    manualRunId: string | null,
    {
      isBusy,
      isListening,
      building,
      composing,
    }: { isBusy: boolean } & Pick<StackStatus, "isListening" | "building" | "composing">,
  ): Promise<StackStatus> {
    const { stack } = this;
    const { source } = this.#chosen.target;
    const situation = this.#situation;
    const running = this.running;
    // A link that is only read is not broken.
    const inForce = this.faults().filter(({ kind }) => kind !== "observe");
    const faults = inForce.map((fault) => toInForce(fault, manualRunId));
    const on = (target: string) => faults.filter((fault) => fault.target === target);
    const known = protectionsOf(stack);
    const services = stack.services.map((service) => this.#serviceStatus(service, on(service.name)));
    return {
      state: situation.is,
      project: stack.project,
      driver: this.driver,
      isAttached: source.is === "project",
      gateway: source.is === "gateway" ? source.url : null,
      services: await Promise.all(services),
      damage: isBusy ? [] : this.#damage.map((each) => ({ target: targetOf(each), what: describeDamage(each) })),
      links: stack.links.map(({ name, from, to }) => {
        return { name, from, to, address: running?.linkAddress(name) ?? null, faults: on(name) };
      }),
      protections: {
        known,
        // Any of them may be, as long as it is not known.
        off: running === undefined ? [] : [...(running.registered.without ?? known)],
      },
      faultKinds: faultKindsOf(stack, this.driver),
      isListening,
      building,
      composing,
      kept: running?.registered.kept ?? false,
      error: situation.is === "failed" ? toError(situation.error) : null,
    };
  }

  async #serviceStatus({ name, role }: { name: string; role: string }, faults: FaultInForce[]): Promise<ServiceStatus> {
    const situation = this.#situation;
    if (situation.is !== "up" && situation.is !== "stopping") {
      const isStarting = situation.is === "starting" && situation.progress.get(name) === "starting";
      const isHealthy = situation.is === "starting" && situation.progress.get(name) === "healthy";
      const state = isHealthy ? "running" : isStarting ? "starting" : "stopped";
      const health = isHealthy ? "up" : "unknown";
      const reason = isStarting ? "starting" : isHealthy ? "started" : "the stack is down";
      return { name, role, state, health, reason, latencyMs: null, address: null, replicas: 0, running: 0, faults };
    }
    const { running } = situation.open;
    const { status: health, reason, latencyMs } = running.health.health(name);
    const states = await running.driver.replicas(name).then(
      (replicas) => replicas.map((each) => each.state),
      () => undefined,
    );
    const state = states === undefined ? "unknown" : stateOfAll(states).is;
    const address = running.shownAddress(name) ?? null;
    const counts = { replicas: states?.length ?? 0, running: states?.filter(isWell).length ?? 0 };
    return { name, role, state, health, reason, latencyMs, address, ...counts, faults };
  }

  async #bringUp(progress: Map<string, string>, just: ResolvedTarget | undefined): Promise<OpenStack> {
    const { stacks, options, onChange } = this.#parts;
    const { target } = this.#chosen;
    const listen = (news: StackNews) => {
      if (news.is !== "starting" || news.progress === undefined) return;
      progress.set(news.progress.service, news.progress.state);
      onChange();
    };
    const resolved = just ?? (await stacks.resolve({ ...target, ...options() }));
    return stacks.open(resolved, { signal: this.#quit.signal, listen });
  }

  /** What cannot be checked now is reported by the health of the services. */
  async #checkDamage(running: RunningStack): Promise<void> {
    const found = await this.inspect(running).catch(() => []);
    if (this.running !== running) return;
    this.#damage = found.filter((each) => this.#damageBefore.has(describeDamage(each)));
    this.#damageBefore = new Set(found.map(describeDamage));
    this.#parts.onChange();
  }

  #become(situation: Situation): void {
    this.#situation = situation;
    clearInterval(this.#timer);
    this.#damage = [];
    this.#damageBefore.clear();
    if (situation.is === "up") {
      const { running } = situation.open;
      running.health.onTransition(() => this.#parts.onChange());
      this.#timer = setInterval(() => void this.#checkDamage(running), POLL_INTERVAL_MS).unref();
      this.#parts.onUp(running);
    }
    this.#parts.onChange();
  }
}

const LATER = "try again in a moment";

function toError({ code, message, windowHint }: LabError): NonNullable<StackStatus["error"]> {
  return { code, message, hint: windowHint ?? null };
}

function toInForce(fault: JournaledFault, manualRunId: string | null): FaultInForce {
  const { id, kind, target, identity, undo, isStanding, intendedWallMs, expiresWallMs } = fault;
  const runId = isStanding ? null : fault.runId;
  const isManual = runId !== null && runId === manualRunId;
  const containers = identity.kind === "replicas" ? identity.replicas.length : null;
  return { id, kind, target, undo, containers, sinceWallMs: intendedWallMs, expiresWallMs, runId, isManual };
}
