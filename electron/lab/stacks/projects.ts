import { resolve } from "node:path";
import type {
  ListedProject,
  OpenedFile,
  ProbeTrial,
  ProjectChanges,
  ProjectDescription,
} from "../../contract/stacks.ts";
import { LabError } from "../lab-error.ts";
import type { ComposeTool, ComposeVerb } from "./docker/compose-tool.ts";
import type { Engine } from "./docker/engine.ts";
import { describeFile } from "./known-stacks.ts";
import { trialOf } from "./probe-trial.ts";
import type { Service, Stack } from "./stack-file.ts";

const NO_TOOL = "install docker compose (https://docs.docker.com/compose/install), or bring the project up yourself";

export interface ComposeRun {
  signal: AbortSignal;
  /** Each line that the tool prints. */
  onLine: (line: string) => void;
  named?: readonly string[] | undefined;
  allowRemote?: boolean;
}

/**
 * The compose projects of the engine that the environment names. What needs its client is loaded on demand: that takes as
 * long to load as all the rest of the lab.
 */
export class Projects {
  readonly #environment: NodeJS.ProcessEnv;
  #tool: ComposeTool | undefined;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /** @throws LabError when no engine can be used */
  async list(allowRemote: boolean): Promise<{ engine: Engine; projects: ListedProject[] }> {
    const { listProjects } = await import("./docker/project-list.ts");
    const engine = await this.#engine(allowRemote);
    return { engine, projects: await listProjects(engine.docker) };
  }

  /** The compose files that a person has opened, beside the projects that the engine has. */
  describeFiles(files: readonly string[], projects: readonly ListedProject[]): OpenedFile[] {
    return files.map((file) => describeFile(file, projects, this.#environment));
  }

  /** What the lab takes the services of a project for, as the text of a stack file. */
  async describe(project: string, allowRemote: boolean): Promise<string> {
    const { describeProject, findProject } = await import("./docker/project-stack.ts");
    const { docker, address } = await this.#engine(allowRemote);
    const found = await findProject(docker, project, undefined, this.#environment);
    return (await describeProject(docker, found, address)).text;
  }

  /** The same as values, of the project that is open, with what is only proposed. */
  async readDescription(open: Stack): Promise<ProjectDescription> {
    const { readDescription } = await import("./docker/project-description.ts");
    const { docker } = await this.#engine(false);
    return readDescription(docker, open, this.#environment);
  }

  /** A probe to try, with its variables filled in. @throws LabError naming one that is not set */
  trialOf(trial: ProbeTrial, stack: Stack): Pick<Service, "probe" | "headers"> {
    return trialOf(trial, stack, this.#environment);
  }

  /** Saves corrections of it. @returns the file */
  async saveDescription(changes: ProjectChanges): Promise<string> {
    const { saveDescription } = await import("./docker/project-description.ts");
    const { docker } = await this.#engine(false);
    return saveDescription(docker, changes, this.#environment);
  }

  /** Removes the images that a lab has built, and no others; `isRemoved` is false for one that is in use. */
  async *removeImages(allowRemote: boolean): AsyncGenerator<{ name: string; bytes: number; isRemoved: boolean }> {
    const { builtImages, removeBuilt } = await import("./docker/built-images.ts");
    const { docker } = await this.#engine(allowRemote);
    for (const image of await builtImages(docker)) {
      yield { ...image, isRemoved: await removeBuilt(docker, image) };
    }
  }

  /** The compose tool of this machine, with its version; undefined when it has none. */
  async composeTool(): Promise<string | undefined> {
    const tool = await this.#findTool();
    return tool && `${tool.command.join(" ")} ${tool.version}`;
  }

  /** One that has been found is not looked for again: to ask it costs more than to list the projects. */
  async #findTool(): Promise<ComposeTool | undefined> {
    const { findComposeTool } = await import("./docker/compose-tool.ts");
    this.#tool ??= await findComposeTool(this.#environment);
    return this.#tool;
  }

  /**
   * Has the compose tool bring a project up, stop it or remove it.
   * @param named its files, for one that the engine does not have
   * @throws LabError when there is no tool or project, or it fails
   */
  async compose(
    project: string,
    action: ComposeVerb,
    { signal, onLine, named, allowRemote = false }: ComposeRun,
  ): Promise<void> {
    const { runCompose } = await import("./docker/compose-tool.ts");
    const tool = await this.#findTool();
    if (tool === undefined) throw new LabError("precondition", "this machine has no compose tool", { hint: NO_TOOL });
    const { projects, engine } = await this.list(allowRemote);
    const listed = projects.find((each) => each.project === project);
    const files = named?.map((file) => resolve(file)) ?? listed?.files;
    if (files === undefined) throw new LabError("bad-input", `there is no compose project called "${project}"`);
    // The engine that the lab uses, whatever the tool's own default is.
    const environment = { ...this.#environment, DOCKER_HOST: engine.address.host };
    await runCompose(tool, { project, files }, action, { environment, signal, onLine });
  }

  async #engine(allowRemote: boolean): Promise<Engine> {
    const { connectEngine } = await import("./docker/engine.ts");
    return connectEngine(this.#environment, allowRemote);
  }
}
