import type { LifecycleFault } from "../../model/lifecycle-fault.ts";
import type { Engine } from "./docker/engine.ts";
import { aroundServices } from "./docker/found-project.ts";
import { gatewayStack } from "./gateway-stack.ts";
import type { ImageBuilding } from "./image-building.ts";
import { assertProtections } from "./protections.ts";
import { REFERENCE_STACK_FILE } from "./reference-stack.ts";
import type { EngineChoice, OwnSource, RunTarget } from "./run-target.ts";
import { type DirectLink, loadStack, type Stack, type StackUse } from "./stack-file.ts";
import type { Sharer } from "./surroundings.ts";

/** A target whose stack has been read, and whose engine has answered. Nothing has been changed for it. */
export interface ResolvedTarget {
  target: RunTarget;
  stack: Stack;
  /** Absent for processes. */
  engine: Engine | undefined;
  /** What a person should know of it: that the engine is remote, that a file of the project is gone. */
  notes: readonly string[];
}

/**
 * Reads the stack of a target and asks its engine who it is.
 * @param building who is shown what has to be built on the engine first
 * @throws LabError when there is no such stack or project, no engine that can be used, or a protection is unknown
 */
export async function resolveTarget(
  target: RunTarget,
  environment: NodeJS.ProcessEnv,
  building?: ImageBuilding,
): Promise<ResolvedTarget> {
  const resolved = await read(target, environment, building);
  assertProtections(resolved.stack, target.without);
  return resolved;
}

async function read(
  target: RunTarget,
  environment: NodeJS.ProcessEnv,
  building: ImageBuilding | undefined,
): Promise<ResolvedTarget> {
  if (target.driver !== "docker")
    return { target, stack: readOwn(target.source, environment), engine: undefined, notes: [] };
  const { source } = target;
  const engine = await engineOf(target.engine, environment);
  if (source.is !== "project") return { target, stack: readOwn(source, environment), engine, notes: engine.notes };
  const { stackOfProject } = await import("./docker/project-stack.ts");
  const { docker, address } = engine;
  if (building !== undefined) {
    const { readyForDoor } = await import("./docker/door/door-image.ts");
    await readyForDoor(docker, address, source.project, building);
  }
  const { stack, notes } = await stackOfProject(docker, address, source.project, source.files, environment);
  return { target, stack, engine, notes: [...engine.notes, ...notes] };
}

/**
 * The stack that the lab brings up for a source.
 * @throws DocumentError with every problem of its file; LabError for a gateway whose headers need what is not set
 */
export function readOwn(source: OwnSource, environment: NodeJS.ProcessEnv, use?: StackUse): Stack {
  if (source.is === "gateway") return gatewayStack(source, environment, use);
  const stack = loadStack(source.is === "reference" ? REFERENCE_STACK_FILE : source.file, environment, use);
  return source.project === undefined ? stack : { ...stack, project: source.project };
}

/** The project name of a target's stack, without asking an engine. */
export function projectOf({ source }: RunTarget, environment: NodeJS.ProcessEnv): string {
  return source.is === "project" ? source.project : readOwn(source, environment, "to plan").project;
}

/** What a plan is made for. */
export interface PlanTarget {
  stack: Stack;
  driver: "process" | "docker";
  /** What belongs to its services; known of a project that is up. */
  around?: {
    sharersOf: (service: string, kind: LifecycleFault) => readonly Sharer[];
    networkOwnerOf: (service: string) => string | undefined;
    containersOf: (service: string) => readonly string[];
  };
  /**
   * Tries whether a link can be broken, which changes nothing; known of a project that is up.
   * Resolves to the way that will be used, as a text.
   * @throws LabError with the reason why not
   */
  preflight?: (link: DirectLink) => Promise<string>;
}

/** The engine is asked only about a project that is up: any other plan can be made without one. */
export async function planTarget(target: RunTarget, environment: NodeJS.ProcessEnv): Promise<PlanTarget> {
  if (target.source.is !== "project") {
    const driver = target.driver === "docker" ? "docker" : "process";
    return { stack: readOwn(target.source, environment, "to plan"), driver };
  }
  const { stack, engine } = await resolveTarget(target, environment);
  if (engine === undefined) return { stack, driver: "process" };
  const { DockerLinkSidecars } = await import("./docker/sidecar/docker-link-sidecars.ts");
  const sidecars = new DockerLinkSidecars(engine.docker, stack.project, "");
  const around = await aroundServices(engine.docker, stack.project);
  return { stack, driver: "docker", around, preflight: (link) => sidecars.preflight(link) };
}

/** Its client takes as long to load as all the rest of the lab, and processes do without it. */
async function engineOf(choice: EngineChoice, environment: NodeJS.ProcessEnv): Promise<Engine> {
  const { connectEngine, reachEngine } = await import("./docker/engine.ts");
  return choice.by === "environment"
    ? connectEngine(environment, choice.allowRemote)
    : reachEngine(choice.address, environment);
}
