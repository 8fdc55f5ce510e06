import type { RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import type { StackDriver } from "./driver.ts";
import { ProcessDriver } from "./process-driver.ts";

/** The driver of a stack, from what the journal knows of it: its file may be gone, and no engine need answer yet. */
export async function openDriver(registered: RegisteredStack, register: StackRegister): Promise<StackDriver> {
  if (registered.docker === undefined) return new ProcessDriver(registered.id, register);
  const [{ DockerDriver }, { openEngine }] = await Promise.all([
    import("./docker/docker-driver.ts"),
    import("./docker/engine.ts"),
  ]);
  return new DockerDriver(openEngine(registered.docker.engine), registered.project, registered.id);
}
