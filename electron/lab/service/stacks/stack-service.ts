import type {
  LinkTraffic,
  ServiceInstance,
  ServiceLogPage,
  ServiceLogRequest,
  StackStatus,
} from "../../../contract/stack.ts";
import type {
  ComposeRequest,
  ForgetRequest,
  ListedProject,
  OpenedFile,
  ProbeTrial,
  ProjectChanges,
  ProjectDescription,
  StackChoice,
  StackChoices,
} from "../../../contract/stacks.ts";
import type { ProbeResult } from "../../health/probe.ts";
import type { JournaledFault } from "../../journal/fault-journal.ts";
import type { Lab } from "../../lab.ts";
import { LabError } from "../../lab-error.ts";
import { driverOf, ON_REFERENCE_STACK, type RunTarget } from "../../stacks/run-target.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import type { Operations } from "../operations/operations.ts";
import { ComposeService } from "./compose-service.ts";
import type { ImageBuilds } from "./image-builds.ts";
import type { LinkListener } from "./link-listener.ts";
import { ServiceLogs } from "./service-logs.ts";
import type { StackController } from "./stack-controller.ts";

/** What the stack is used for at this moment. */
export interface StackUse {
  /** A run is in progress or waits. */
  isBusy: () => boolean;
  /** The manual session, while its faults are in force. */
  manualRunId: () => string | null;
  /** Undoes manual faults before the stack is taken down. */
  undoManual: () => Promise<{ residue: readonly string[] }>;
  /** Reads calls on links for the map; it ends before the stack is left. */
  listener: Pick<LinkListener, "isOn" | "start" | "stop" | "read">;
  builds: ImageBuilds;
  onChange: () => void;
  /** Remembers which stack is open, for the next start of the lab. */
  remember: (choice: StackChoice) => void;
}

type StackLab = Pick<Lab, "resolve" | "projects" | "knownStacks">;

/** The lab's stack, as a person brings it up, looks at it and takes it down. */
export class StackService {
  readonly #lab: StackLab;
  readonly #controller: StackController;
  readonly #operations: Operations;
  readonly #use: StackUse;
  /** What its services print, for a person who looks. */
  readonly #logs: ServiceLogs;
  readonly #compose: ComposeService;

  constructor(lab: StackLab, controller: StackController, operations: Operations, use: StackUse) {
    this.#lab = lab;
    this.#controller = controller;
    this.#operations = operations;
    this.#use = use;
    this.#logs = new ServiceLogs(() => controller.running);
    this.#compose = new ComposeService(lab.projects, use.onChange);
  }

  /** A person has attached it: it is somebody else's. */
  get isAttached(): boolean {
    return this.#controller.isAttached;
  }

  /** The stack if it is up. */
  get running(): RunningStack | undefined {
    return this.#controller.running;
  }

  /** What is being started, in a few words; empty when nothing is. */
  get activity(): string {
    return this.#controller.activity;
  }

  /** Faults in force on the stack, of whatever run, by the journal. */
  faults(): JournaledFault[] {
    return this.#controller.faults();
  }

  up(): Promise<StackStatus> {
    return this.#operations.during(async () => {
      this.#operations.assertOpen();
      await this.#controller.up();
      return this.status();
    });
  }

  /** Goes on to its end also when the lab is closed meanwhile. */
  down(): Promise<StackStatus> {
    return this.#operations.during(() => this.#down());
  }

  /** What can be opened, asked of the engine now. */
  async choices(): Promise<StackChoices> {
    const open = choiceOf(this.#controller.target);
    const { files, gateways } = this.#lab.knownStacks;
    const opened = (projects: readonly ListedProject[]) => ({
      files: this.#lab.projects.describeFiles(files, projects),
      gateways: [...gateways],
    });
    try {
      const { projects, engine } = await this.#lab.projects.list(false);
      const { address, version, notes } = engine;
      const asked: StackChoices["engine"] = { is: "ready", address: address.host, version, notes: [...notes] };
      return { open, projects, ...opened(projects), engine: asked };
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      const { message, windowHint } = error;
      return {
        open,
        projects: [],
        ...opened([]),
        engine: { is: "unavailable", message, hint: windowHint ?? null },
      };
    }
  }

  async composeTool(): Promise<string | null> {
    return (await this.#lab.projects.composeTool()) ?? null;
  }

  /**
   * Closes the stack that is open, everything on it restored, and opens another.
   * @throws LabError `busy` during a run, `residue` when something could not be restored: the stack then stays open
   */
  use(choice: StackChoice): Promise<StackStatus> {
    return this.#operations.during(async () => {
      this.#assertIdle();
      const resolved = await this.#use.builds.during((building) => this.#lab.resolve(targetOfChoice(choice), building));
      const { residue } = await this.#use.undoManual();
      if (residue.length > 0) {
        throw new LabError("residue", `the stack that is open is not restored: ${residue.join("; ")}`, {
          hint: "restore it first, then open the other one",
        });
      }
      // A run may have been started meanwhile: what it runs on is not taken away.
      this.#assertIdle();
      await this.#controller.leave();
      this.#controller.choose(resolved);
      this.#use.remember(choice);
      if (choice.is === "gateway") this.#lab.knownStacks.addGateway(choice);
      if (choice.is !== "reference") await this.#controller.up(resolved);
      return this.status();
    });
  }

  /**
   * Brings a project up or stops it with the compose tool. One that is open is left alone: it would be stopped under a run
   * or a fault.
   */
  compose(request: ComposeRequest): Promise<void> {
    return this.#operations.during(async () => {
      this.#operations.assertOpen();
      const { source } = this.#controller.target;
      if (this.running !== undefined && source.is === "project" && source.project === request.project) {
        throw new LabError("busy", `${request.project} is open`, {
          hint: "open another stack on the Stacks page first",
        });
      }
      await this.#compose.run(request, await this.#openedFileOf(request.project));
    });
  }

  /** Lists a compose file that a person has named to the host. */
  addFile(file: string): OpenedFile | undefined {
    this.#lab.knownStacks.addFile(file);
    const [newest] = this.#lab.projects.describeFiles(this.#lab.knownStacks.files.slice(0, 1), []);
    return newest;
  }

  forget(request: ForgetRequest): void {
    if (request.is === "file") this.#lab.knownStacks.forgetFile(request.id);
    else this.#lab.knownStacks.forgetGateway(request.url);
  }

  /** The file of a project that is listed for its file alone: the engine names those of the projects that it has. */
  async #openedFileOf(project: string): Promise<string[] | undefined> {
    const { files, projects } = await this.choices();
    if (projects.some((each) => each.project === project)) return undefined;
    const found = files.find((each) => each.project === project);
    return found && [found.file];
  }

  cancelCompose(): void {
    this.#compose.cancel();
  }

  cancelBuild(): void {
    this.#use.builds.cancel();
  }

  /** See {@link ServiceLogs.read}. */
  readLogs(request: ServiceLogRequest, signal?: AbortSignal): Promise<ServiceLogPage> {
    return this.#logs.read(request, signal);
  }

  /** Once the lab ends: what services print is no longer read. */
  closeLogs(): Promise<void> {
    return this.#logs.close();
  }

  /** @throws LabError while the stack is not up, or for a service that it does not have */
  async instances(service: string): Promise<ServiceInstance[]> {
    return this.#up().instances(service);
  }

  /** @throws LabError while the stack is not up, or with the reason why no link can be listened to */
  listen(on: boolean): Promise<StackStatus> {
    return this.#operations.during(async () => {
      if (on) {
        this.#operations.assertArmed();
        await this.#use.builds.forLinks(
          this.#up(),
          this.#controller.stack.links.map(({ name }) => name),
        );
        await this.#use.listener.start();
      } else await this.#use.listener.stop();
      return this.status();
    });
  }

  traffic(): LinkTraffic[] {
    return this.#use.listener.read();
  }

  #up(): RunningStack {
    if (this.running !== undefined) return this.running;
    throw new LabError("precondition", "the stack is not up", { hint: "bring it up first" });
  }

  /** @throws LabError while no project is open */
  description(): Promise<ProjectDescription> {
    this.#openProject();
    return this.#lab.projects.readDescription(this.#controller.stack);
  }

  /** @throws LabError while the stack is not up, or for a service that it does not have */
  async tryProbe(trial: ProbeTrial): Promise<ProbeResult> {
    const running = this.#up();
    const filled = this.#lab.projects.trialOf(trial, running.stack);
    return running.tryProbe(trial.service, filled, trial.port ?? undefined);
  }

  /** Saves corrections and opens the project again with them. @throws as {@link use} */
  async saveDescription(changes: ProjectChanges): Promise<StackStatus> {
    const project = this.#openProject();
    if (changes.project !== project) {
      throw new LabError("precondition", `${project} is open, and not ${changes.project}`, {
        hint: "open it on the Stacks page first",
      });
    }
    this.#assertIdle();
    await this.#lab.projects.saveDescription(changes);
    return this.use({ is: "project", project });
  }

  #openProject(): string {
    const { source } = this.#controller.target;
    if (source.is === "project") return source.project;
    throw new LabError("precondition", "the reference stack is open: its file says what its services are for", {
      hint: "open a compose project on the Stacks page first",
    });
  }

  #assertIdle(): void {
    this.#operations.assertOpen();
    if (!this.#use.isBusy()) return;
    throw new LabError("busy", "a run is in progress and needs the stack", {
      hint: "cancel it first, or wait for its end",
    });
  }

  async #down(): Promise<StackStatus> {
    this.#assertIdle();
    await this.#use.undoManual();
    await this.#controller.down();
    return this.status();
  }

  status(): Promise<StackStatus> {
    const { listener, isBusy, manualRunId, builds } = this.#use;
    const now = {
      isBusy: isBusy(),
      isListening: listener.isOn,
      building: builds.current,
      composing: this.#compose.current,
    };
    return this.#controller.status(manualRunId(), now);
  }
}

function targetOfChoice(choice: StackChoice): RunTarget {
  const { start, ports, keep, without, acceptExisting } = ON_REFERENCE_STACK;
  const rest = { ports, keep, without, acceptExisting };
  const engine = { by: "environment", allowRemote: false } as const;
  if (choice.is === "project") {
    const source = { is: "project", project: choice.project } as const;
    return { ...rest, source, driver: "docker", engine, start: "attach" };
  }
  if (choice.is === "gateway") return { ...rest, source: choice, driver: "process", start };
  const source = { is: "reference" } as const;
  return choice.driver === "process"
    ? { ...rest, source, driver: "process", start }
    : { ...rest, source, driver: "docker", engine, start };
}

function choiceOf(target: RunTarget): StackChoice {
  const { source } = target;
  if (source.is === "project") return { is: "project", project: source.project };
  if (source.is === "gateway") return { is: "gateway", url: source.url, headers: source.headers };
  return { is: "reference", driver: driverOf(target) ?? "process" };
}
