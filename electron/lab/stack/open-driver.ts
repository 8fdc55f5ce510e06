import type { RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import { DockerDriver } from "./docker/docker-driver.ts";
import { openEngine } from "./docker/engine.ts";
import type { StackDriver } from "./driver.ts";
import { ProcessDriver } from "./process-driver.ts";

/** The driver of a stack, from what the journal knows of it: its file may be gone, and no engine need answer yet. */
export function openDriver(registered: RegisteredStack, register: StackRegister): StackDriver {
  if (registered.docker === undefined) return new ProcessDriver(registered.id, register);
  return new DockerDriver(openEngine(registered.docker.engine), registered, register);
}
