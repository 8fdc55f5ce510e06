import { messageOf } from "../lab-error.ts";
import { reloadStack } from "../stacks/reload-stack.ts";
import { RunningStack } from "../stacks/running-stack.ts";
import { describeDamage, inspectDamage, isHarm } from "./existing-damage.ts";
import type { UndoParts } from "./undo-open-faults.ts";

/** Damage on the registered stacks that no journaled fault explains, and what could not be checked; one text each. */
export async function inspectStacks({ register, faults, stacksFolder, environment }: UndoParts) {
  const damage: string[] = [];
  const unread: string[] = [];
  for (const registered of register.list()) {
    let running: RunningStack | undefined;
    try {
      running = await RunningStack.attach(reloadStack(registered, environment), registered, register, stacksFolder);
      const found = await inspectDamage(running, () => faults.open(registered.id));
      const others = found.damage.filter((each) => isHarm(each) && each.is !== "fault");
      damage.push(...others.map(describeDamage));
      unread.push(...found.unread);
    } catch (error) {
      unread.push(`${registered.project}: ${messageOf(error)}`);
    } finally {
      await running?.close();
    }
  }
  return { damage, unread };
}
