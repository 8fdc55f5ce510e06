import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RegisteredStack } from "../journal/stack-register.ts";
import { loadStack, type Stack } from "./stack-file.ts";

/** The stack of a register's row, read from its file again as it was read when it was registered. */
export function reloadStack(registered: RegisteredStack, environment: NodeJS.ProcessEnv): Stack {
  const stack = loadStack(registered.file, environment, registered.attached ? "attached" : "to bring up");
  return { ...stack, project: registered.project };
}

/** Keeps what the lab knows of a project, which no file may say: a later lab reads it again. @returns its file */
export function keepDescription(stackId: string, stack: Stack, stacksFolder: string): string {
  const folder = join(stacksFolder, stackId);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "stack.yaml");
  writeFileSync(file, stack.source, { mode: 0o600 });
  return file;
}

/** Whether a registered stack is the one that this describes. */
export function isDescribedBy(registered: RegisteredStack, stack: Stack): boolean {
  return existsSync(registered.file) && readFileSync(registered.file, "utf8") === stack.source;
}

export function forgetDescription(stackId: string, stacksFolder: string): void {
  rmSync(join(stacksFolder, stackId), { recursive: true, force: true });
}
