import type { GatewayAddress } from "../../contract/stacks.ts";
import type { EngineAddress } from "../journal/docker-location.ts";
import type { RegisteredStack } from "../journal/stack-register.ts";
import { REFERENCE_STACK_FILE } from "./reference-stack.ts";

/** A stack that is read from a file; `project` takes the place of the name that the file gives to it. */
export type FileSource = (
  | { is: "reference" }
  /** A compose file with x-lab. */
  | { is: "compose file"; file: string }
) & { project?: string };

/** An MCP gateway that runs elsewhere. Its stack are processes of this machine, through which the lab and callers reach it. */
export type GatewaySource = { is: "gateway" } & GatewayAddress;

/** What the lab brings up itself. */
export type OwnSource = FileSource | GatewaySource;

/** A compose project that is up, by its name. Its files are found by the labels of its containers unless they are named. */
export interface ProjectSource {
  is: "project";
  project: string;
  files?: readonly string[];
}

export type EngineChoice =
  /** The one that the environment or the docker command line names; on another machine only with consent. */
  | { by: "environment"; allowRemote: boolean }
  /** One that a stack has been brought up on: consent was given then. */
  | { by: "address"; address: EngineAddress };

/** `any`: the driver of the stack that is up; processes when none is. */
export type DriverChoice =
  | { source: OwnSource; driver: "any" | "process" }
  | { source: FileSource | ProjectSource; driver: "docker"; engine: EngineChoice };

/** What a run on the stack asks for. */
export interface RunConditions {
  /** Protections of the stack that are switched off for it, in alphabetical order. */
  without: readonly string[];
  /** Damage that is there before the run is taken as given, by its names in the log, instead of refusing to run. */
  acceptExisting: boolean;
}

/** `fixed or auto`: those of the stack file, any free ones when those are taken. */
export type PortPolicy = "fixed" | "auto" | "fixed or auto";

/** Where runs happen, and how the stack comes to be there. Every host says so by this alone, and knows no driver. */
export type RunTarget = DriverChoice &
  RunConditions & {
    /**
     * `attach`: only a stack that is up is used. `bring up`: one that this lab has up, else it is brought up.
     * `attach or bring up`: also one that someone else has up.
     */
    start: "attach" | "bring up" | "attach or bring up";
    /** Of a stack that is brought up. */
    ports: PortPolicy;
    /** What is brought up stays up when it is released. */
    keep: boolean;
  };

export const ON_REFERENCE_STACK: RunTarget & { source: FileSource } = {
  source: { is: "reference" },
  driver: "any",
  start: "bring up",
  ports: "fixed",
  keep: false,
  without: [],
  acceptExisting: false,
};

/** The driver that a target names; undefined leaves it to the stack that is up. */
export function driverOf({ driver }: RunTarget): "process" | "docker" | undefined {
  return driver === "any" ? undefined : driver;
}

/**
 * The target by which a stack that this lab has up is found, or brought up as it was.
 * @param gateway the address that it was made for, where it was
 */
export function targetOfRegistered(
  registered: Pick<RegisteredStack, "file" | "project" | "docker">,
  gateway?: GatewayAddress,
): RunTarget {
  const { file, project, docker } = registered;
  if (gateway !== undefined) return { ...KEPT, source: { is: "gateway", ...gateway }, driver: "process" };
  const source: FileSource =
    file === REFERENCE_STACK_FILE ? { is: "reference", project } : { is: "compose file", file, project };
  return docker === undefined
    ? { ...KEPT, source, driver: "process" }
    : { ...KEPT, source, driver: "docker", engine: { by: "address", address: docker.engine } };
}

const KEPT = { start: "bring up", ports: "fixed", keep: true, without: [], acceptExisting: false } as const;
