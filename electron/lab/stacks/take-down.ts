import type { DockerLocation } from "../journal/docker-location.ts";
import type { RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { RemoveOptions } from "./docker/take-down.ts";
import { releasePorts } from "./ports.ts";
import { endProcesses } from "./process-backend.ts";
import { forgetDescription } from "./reload-stack.ts";

/**
 * Ends every service of a stack and removes what bringing it up made. Safe to repeat. A stack that was attached to is only
 * forgotten.
 */
export async function takeDown(
  registered: RegisteredStack,
  register: StackRegister,
  stacksFolder: string,
  options: RemoveOptions = {},
): Promise<void> {
  if (!registered.attached) {
    if (isOnDocker(registered)) {
      const { removeProject } = await import("./docker/take-down.ts");
      await removeProject(registered, options);
    } else await endProcesses(registered, register, stacksFolder, options.report);
    releasePorts(registered.ports);
  }
  register.remove(registered.id);
  if (registered.attached) forgetDescription(registered.id, stacksFolder);
}

export function isOnDocker(registered: RegisteredStack): registered is RegisteredStack & { docker: DockerLocation } {
  return registered.docker !== undefined;
}

/** What stopped the bring-up is what a person has to know; that something was not removed comes after it. */
export async function takenDownAfter(
  error: unknown,
  registered: RegisteredStack,
  register: StackRegister,
  stacksFolder: string,
): Promise<unknown> {
  try {
    await takeDown(registered, register, stacksFolder, { isAbandoned: true });
    return error;
  } catch (residue) {
    const left = `; and what had been started is still there: ${messageOf(residue)}`;
    return new LabError("residue", `${messageOf(error)}${left}`, {
      hint: "it is taken down at the next start of the lab",
      cause: error,
    });
  }
}
