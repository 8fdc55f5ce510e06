import type { ServiceInstance } from "../../contract/stack.ts";
import type { Probe } from "../health/probe.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { StackDriver } from "./driver.ts";
import type { LogLine } from "./log-tail.ts";
import type { Service } from "./stack-file.ts";

export interface StackProgress {
  service: string;
  state: "pulling" | "building" | "starting" | "healthy" | "stopping" | "stopped";
  /** How far it is, in words. */
  detail?: string;
}

export interface LogFollower {
  /** Takes what a service has printed until now. Resolves to what could not be read of it, as a text; undefined when all was. */
  read(service: string): Promise<string | undefined>;
  /** Takes what has been written until now, then ends. */
  close(): Promise<void>;
}

/** What is different between services that are processes and services that are containers. */
export interface StackBackend {
  readonly driver: StackDriver;
  /** Where the containers run, for a person; undefined for processes. */
  readonly engine: string | undefined;
  /** host:port where the lab reaches a service. @throws LabError when it publishes no port */
  address(service: Service): string;
  probe(service: Service): Probe;
  /**
   * Follows what services print from now on, whatever becomes of their containers or processes.
   * @param maxLineChars a longer line is cut
   */
  followLogs(take: (line: LogLine) => void, maxLineChars?: number): LogFollower;
  /** The last lines that a service wrote, for an error message. */
  lastLines(service: string, count: number): Promise<string[]>;
  /** Has the lab's receivers listen where containers reach them. Resolves to the addresses: none for processes, which use loopback. */
  receive(telemetry: Telemetry): Promise<string[]>;
  /** Its processes or containers, with what they use now. */
  instances(service: string): Promise<ServiceInstance[]>;
  /** Leaves the service stopped, with this value of one variable at its next start; undefined: its own again. */
  setVariable(service: string, name: string, value: string | undefined): Promise<void>;
  /** Called with each service whose state has changed, as far as the backend is notified. */
  onChange(listener: (service: string) => void): () => void;
  /** Whether it is known that nothing of the stack exists any more: someone has removed its containers. */
  isGone(): boolean;
  /** Called with what a person should know of where services run: that an engine went away, or is back. */
  onNotice(listener: (message: string) => void): () => void;
  close(): Promise<void>;
}
