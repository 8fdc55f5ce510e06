import type { RegisteredStack } from "../journal/stack-register.ts";
import { loadStack, type Stack } from "./stack-file.ts";

/** The stack of a register's row, read from its file again as it was read when it was registered. */
export function reloadStack(registered: RegisteredStack, environment: NodeJS.ProcessEnv): Stack {
  const stack = loadStack(registered.file, environment, registered.attached ? "attached" : "to bring up");
  return { ...stack, project: registered.project };
}
