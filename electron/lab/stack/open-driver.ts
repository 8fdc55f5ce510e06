import type { RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import type { StackDriver } from "./driver.ts";
import { ProcessDriver } from "./process-driver.ts";

/** The driver of a stack that the journal knows, without its stack file: enough to undo what was done to it. */
export function openDriver(registered: RegisteredStack, register: StackRegister): StackDriver {
  return new ProcessDriver(registered.id, register);
}
