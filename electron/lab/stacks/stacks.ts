import type { FaultJournal } from "../journal/fault-journal.ts";
import { isProtected, type RegisteredStack, type StackRegister } from "../journal/stack-register.ts";
import { LabError } from "../lab-error.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { attachedRow } from "./docker/attached-row.ts";
import { containersOf } from "./docker/compose-labels.ts";
import type { Engine } from "./docker/engine.ts";
import { holdProject } from "./docker/project-hold.ts";
import type { RemoveOptions } from "./docker/take-down.ts";
import { gatewayOf } from "./gateway-stack.ts";
import { UNSEEN_BUILDING } from "./image-building.ts";
import { type OpenedAs, OpenStack, type StackNews } from "./open-stack.ts";
import { choosePorts, releasePorts } from "./ports.ts";
import { forgetDescription, isDescribedBy, keepDescription, reloadStack } from "./reload-stack.ts";
import { type ResolvedTarget, resolveTarget } from "./resolve-target.ts";
import { driverOf, type RunTarget, targetOfRegistered } from "./run-target.ts";
import { RunningStack } from "./running-stack.ts";
import { isProxied, type Stack } from "./stack-file.ts";
import { takeDown } from "./take-down.ts";

export interface StacksParts {
  register: StackRegister;
  faults: FaultJournal;
  stacksFolder: string;
  environment: NodeJS.ProcessEnv;
  /** What services send to; absent where nothing is received. */
  telemetry?: Telemetry;
}

export interface OpenOptions {
  signal: AbortSignal;
  listen?: (news: StackNews) => void;
  /** Links are to be broken: what that needs is built before, with progress, and not at the first of them. */
  breaksLinks?: boolean;
}

/** The one place where it is decided how the stack of a run target comes to be up, and what becomes of it afterwards. */
export class Stacks {
  readonly #parts: StacksParts;

  constructor(parts: StacksParts) {
    this.#parts = parts;
  }

  /** {@link resolveTarget}, in the environment of this lab. */
  resolve(target: RunTarget): Promise<ResolvedTarget> {
    return resolveTarget(target, this.#parts.environment);
  }

  /**
   * The stack of a target: the one that this lab has up, the one that someone else has up, or one that is brought up.
   * @throws LabError `busy` when another stack of this lab's is in the way, or another lab works on the project
   */
  async open(target: ResolvedTarget, options: OpenOptions): Promise<OpenStack> {
    const { listen = () => {}, breaksLinks = false } = options;
    const startedMs = performance.now();
    await this.#parts.telemetry?.start(target.target.ports === "auto" ? "auto" : "fixed");
    const { running, openedAs } = await this.#find(target, { ...options, listen, breaksLinks });
    // Only then: nothing is built on someone's engine since a project was opened.
    if (breaksLinks) await readyForLinks(target.stack, running, listen);
    await this.#listenFor(running);
    listen({ is: "open", running, openedAs, tookMs: performance.now() - startedMs });
    return new OpenStack(target.target, running, openedAs, this.#parts.faults);
  }

  /** Lends the stack of a target, and releases it whatever happens in between. */
  async use<Value>(
    target: ResolvedTarget,
    options: OpenOptions,
    work: (open: OpenStack) => Promise<Value>,
  ): Promise<Value> {
    const open = await this.open(target, options);
    try {
      return await work(open);
    } finally {
      await open.release(options.listen);
    }
  }

  async #find(
    target: ResolvedTarget,
    options: Required<OpenOptions>,
  ): Promise<{ running: RunningStack; openedAs: OpenedAs }> {
    const { stack, engine } = target;
    const { start } = target.target;
    const kept = await this.#kept(target);
    if (kept !== undefined) return { running: kept, openedAs: "kept" };
    if (start !== "bring up" && engine !== undefined) {
      const attached = await this.#attach(target, engine);
      if (attached !== undefined) return { running: attached, openedAs: "attached" };
    }
    if (start !== "attach") return { running: await this.#bringUp(target, options), openedAs: "brought up" };
    throw new LabError("precondition", `${stack.project} is not up`, { hint: "bring it up first" });
  }

  /**
   * The stack that `stack up`, or a lab that was quit, left up, whichever it is; the first of several. Undefined when there is
   * none. Its engine is not asked: one that is away is reported by the health of the services.
   * @param project only one of this name
   */
  async leftUp(project?: string): Promise<OpenStack | undefined> {
    const registered = this.#leftUp(project)[0];
    return registered && this.#openLeftUp(registered);
  }

  /**
   * Opens each stack that was left up and releases it after `use`, one after the other.
   * @param failed gets what one could not be opened or used for, so that the others are
   * @param project only those of this name
   */
  async withEachLeftUp(
    use: (open: OpenStack) => Promise<void>,
    failed: (project: string, error: unknown) => void,
    project?: string,
  ): Promise<void> {
    for (const registered of this.#leftUp(project)) {
      try {
        const open = await this.#openLeftUp(registered);
        await use(open).finally(() => open.release());
      } catch (error) {
        failed(registered.project, error);
      }
    }
  }

  async #openLeftUp(registered: RegisteredStack): Promise<OpenStack> {
    const running = await this.#attachTo(reloadStack(registered, this.#parts.environment), registered);
    const target = targetOfRegistered(registered, gatewayOf(running.stack));
    await this.#parts.telemetry?.start(target.ports === "auto" ? "auto" : "fixed");
    void this.#listenFor(running);
    return new OpenStack(target, running, "kept", this.#parts.faults);
  }

  /** The names of the stacks that were left up. */
  projectsLeftUp(): string[] {
    return this.#leftUp().map(({ project }) => project);
  }

  /**
   * Takes down every stack that was left up, or the one of a target; false when there is none.
   * @throws what the first failed with, after all were tried
   */
  async down(options: Pick<RemoveOptions, "report" | "volumes">, only?: ResolvedTarget): Promise<boolean> {
    const wanted = this.#leftUp().filter((each) => only === undefined || isStackOf(each, only));
    const failures: unknown[] = [];
    for (const registered of wanted) {
      try {
        await takeDown(registered, this.#parts.register, this.#parts.stacksFolder, options);
        this.#parts.faults.forget(registered.id);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return wanted.length > 0;
  }

  /** Its containers may be told to send to the lab, or have been told by an earlier one. */
  async #listenFor(running: RunningStack): Promise<void> {
    const { telemetry } = this.#parts;
    if (telemetry?.ports === undefined) return;
    telemetry.addresses = [];
    // An engine that is away is reported by the health of the services.
    telemetry.addresses = await running.receive(telemetry).catch(() => []);
  }

  #leftUp(project?: string): RegisteredStack[] {
    const isMeant = (each: RegisteredStack) => project === undefined || each.project === project;
    return this.#parts.register.list().filter((each) => isLeftUp(each) && isMeant(each));
  }

  #attachTo(stack: Stack, registered: RegisteredStack): Promise<RunningStack> {
    return RunningStack.attach(stack, registered, this.#parts.register, this.#parts.stacksFolder);
  }

  /** @throws LabError when another stack is left up than the one asked for, which needs what that one uses */
  async #kept({ target, stack }: ResolvedTarget): Promise<RunningStack | undefined> {
    const candidates = this.#leftUp().filter((each) => isInTheWay(each, { target, stack }));
    const same = candidates.find((each) => isRegisteredAs(each, { target, stack }));
    if (same !== undefined) return this.#attachTo(stack, same);
    const [registered] = candidates;
    if (registered === undefined) return undefined;
    const itsDriver = registered.docker === undefined ? "process" : "docker";
    throw new LabError("busy", `another stack is up: ${registered.file}, by the ${itsDriver} driver`, {
      hint: {
        terminal: "take it down first with `resilience-lab stack down`",
        window: "quit the lab, take that stack down with `resilience-lab stack down`, and start the lab again",
      },
    });
  }

  async #bringUp(resolved: ResolvedTarget, options: Required<OpenOptions>): Promise<RunningStack> {
    const { stack, target } = resolved;
    const { ports } = target;
    options.listen({ is: "starting", stack });
    try {
      return await this.#up(resolved, ports === "auto" ? "auto" : "fixed", options);
    } catch (error) {
      // Also one that was free when it was looked at, and was taken before its service came to it.
      const isPortTaken =
        ports === "fixed or auto" &&
        (isTaken(error) || reportsTakenPort(error) || (await choosePorts(stack, "fixed").then(releasePorts, isTaken)));
      if (!isPortTaken || options.signal.aborted) throw error;
      return await this.#up(resolved, "auto", options);
    }
  }

  /** @throws LabError `busy` when the project is up already or another lab works on it */
  async #up(
    { stack, engine, target }: ResolvedTarget,
    ports: "fixed" | "auto",
    { signal, listen }: Required<OpenOptions>,
  ): Promise<RunningStack> {
    const { register, stacksFolder, environment } = this.#parts;
    const release = engine === undefined ? () => {} : await holdToBringUp(stack, engine);
    try {
      const running = await RunningStack.up(stack, {
        register,
        stacksFolder,
        ports,
        kept: target.keep,
        isDescribedHere: target.source.is === "gateway",
        environment,
        signal,
        report: (progress) => listen({ is: "starting", stack, progress }),
        telemetry: this.#parts.telemetry,
        ...(engine === undefined ? {} : { engine }),
      });
      running.atEnd(release);
      return running;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** A project that someone else has brought up; undefined when nothing of it is there. */
  async #attach({ stack, target }: ResolvedTarget, engine: Engine): Promise<RunningStack | undefined> {
    const { register, faults, stacksFolder } = this.#parts;
    const acceptsStopped = target.acceptExisting;
    const release = await holdProject(engine.address.host, stack.project, "attached to it");
    try {
      const registered = await attachedRow(stack, engine, { acceptsStopped });
      if (registered === undefined) {
        release();
        return undefined;
      }
      if (target.source.is === "project") registered.file = keepDescription(registered.id, stack, stacksFolder);
      register.add(registered);
      const running = await this.#attachTo(stack, registered);
      running.atEnd(() => {
        release();
        // What could not be restored is kept on record: the next start tries again.
        if (faults.open(registered.id).length > 0 || !isProtected(registered)) return;
        register.remove(registered.id);
        forgetDescription(registered.id, stacksFolder);
        faults.forget(registered.id);
      });
      return running;
    } catch (error) {
      release();
      throw error;
    }
  }
}

/** Whether a stack that is up is the one that a target names, on its driver. */
export function isRegisteredAs(
  registered: RegisteredStack,
  { target, stack }: Pick<ResolvedTarget, "target" | "stack">,
): boolean {
  const itsDriver = registered.docker === undefined ? "process" : "docker";
  if ((driverOf(target) ?? itsDriver) !== itsDriver) return false;
  return target.source.is === "gateway" ? isDescribedBy(registered, stack) : registered.file === stack.file;
}

/** Whether a stack that is left up is the one of a target, in its project. */
function isStackOf(registered: RegisteredStack, resolved: Pick<ResolvedTarget, "target" | "stack">): boolean {
  return registered.project === resolved.stack.project && isRegisteredAs(registered, resolved);
}

/** Another project on Docker is no obstacle, nor one that is up already: neither needs what the other uses. */
function isInTheWay(
  { docker, project }: RegisteredStack,
  { target, stack }: Pick<ResolvedTarget, "target" | "stack">,
): boolean {
  const needsNothing = docker !== undefined || target.source.is === "project";
  return !(driverOf(target) === "docker" && needsNothing && project !== stack.project);
}

/** Brought up by `stack up`: one that was only attached to is not this lab's to use again or take down. */
export function isLeftUp({ kept, attached }: RegisteredStack): boolean {
  return kept && !attached;
}

/** So that the first fault on a link does not wait for an image. One that cannot be built is reported by that fault. */
async function readyForLinks(stack: Stack, running: RunningStack, listen: (news: StackNews) => void): Promise<void> {
  if (stack.links.every(isProxied)) return;
  const report = (detail: string) =>
    listen({ is: "starting", stack, progress: { service: "link-sidecar", state: "building", detail } });
  await running.driver.sidecars?.ensureImage({ ...UNSEEN_BUILDING, report }).catch(() => {});
}

/**
 * Whether a service that ended said that its port is in use. It may be free again by now: two labs that start at once take
 * each other's ports, and both give up.
 */
function reportsTakenPort(error: unknown): boolean {
  return error instanceof LabError && TAKEN.test(error.message);
}

const TAKEN = /port is (?:taken|already in use|already allocated)|address already in use|EADDRINUSE/i;

function isTaken(error: unknown): boolean {
  return error instanceof LabError && error.code === "port-taken";
}

async function holdToBringUp({ project }: Stack, { docker, address }: Engine): Promise<() => void> {
  const release = await holdProject(address.host, project, "bringing it up");
  const present = await containersOf(docker, project).catch((error: unknown) => {
    release();
    throw error;
  });
  if (present.length === 0) return release;
  release();
  throw new LabError("busy", `project ${project} is already up on this engine, and not by this lab`, {
    hint: {
      terminal: `\`run --project ${project}\` uses it as it is; docker compose -p ${project} down removes it`,
      window: `the Stacks page opens it as it is; docker compose -p ${project} down removes it`,
    },
  });
}
