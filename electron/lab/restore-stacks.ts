import { describeDamage, inspectDamage, isHarm, targetOf } from "./faults/existing-damage.ts";
import { type Restored, restoreDamage } from "./faults/restore-damage.ts";
import { type UndoParts, undoOpenFaults } from "./faults/undo-open-faults.ts";
import { LabError, messageOf } from "./lab-error.ts";
import { forgetAttached } from "./recovery.ts";
import type { RunningStack } from "./stacks/running-stack.ts";
import type { Stacks } from "./stacks/stacks.ts";

export interface RestoredStack {
  project: string;
  restored: Restored[];
  /** What a stack that was left up still has, and what could not be read of it; absent for any other. */
  left?: { broken: string[]; unread: string[] };
}

interface Wanted {
  /** A service or a link; everything when undefined. */
  target: string | undefined;
  /** Only on stacks of this name. */
  project: string | undefined;
}

/**
 * Undoes the journaled faults of every stack, and repairs other damage on each that was left up. One that cannot be read
 * keeps no other from being restored.
 * @throws LabError `bad-input` for a target that is neither broken nor of a stack that was left up
 */
export async function restoreStacks(
  parts: UndoParts & { stacks: Stacks },
  { target, project }: Wanted,
  signal: AbortSignal,
): Promise<RestoredStack[]> {
  const isWanted = (name: string) => target === undefined || name === target;
  const byProject = new Map<string, RestoredStack>();
  const stackOf = (name: string) => {
    const stack = byProject.get(name) ?? { project: name, restored: [] };
    byProject.set(name, stack);
    return stack;
  };
  const inspect = async (running: RunningStack) => {
    const { damage, unread } = await inspectDamage(running, () => parts.faults.open(running.registered.id));
    return { damage: damage.filter((each) => isHarm(each) && isWanted(targetOf(each))), unread };
  };

  for (const registered of parts.register.list()) {
    if (project !== undefined && registered.project !== project) continue;
    const undone = await undoOpenFaults(registered, parts, "latest first", signal, (fault) => isWanted(fault.target));
    for (const { fault, result, detail } of undone) {
      const what = `${fault.kind} ${fault.target}`;
      stackOf(registered.project).restored.push(result === "not restored" ? { what, problem: detail } : { what });
    }
    forgetAttached(registered, parts);
  }
  const names = new Set<string>();
  await parts.stacks.withEachLeftUp(
    async ({ running }) => {
      const stack = stackOf(running.registered.project);
      for (const { name } of [...running.stack.services, ...running.stack.links]) names.add(name);
      const { damage } = await inspect(running);
      const others = damage.filter(({ is }) => is !== "fault");
      stack.restored.push(...(await restoreDamage(others, running, signal)));
      const after = await inspect(running);
      stack.left = { broken: after.damage.map(describeDamage), unread: after.unread };
    },
    (name, error) => {
      stackOf(name).left = { broken: [], unread: [messageOf(error)] };
    },
    project,
  );
  const stacks = [...byProject.values()];
  const isExplained = stacks.some(({ restored, left }) => restored.length > 0 || left?.unread.length);
  if (target !== undefined && names.size > 0 && !names.has(target) && !isExplained) {
    throw new LabError("bad-input", `no stack that is up has a service or link called "${target}"`, {
      hint: `there are: ${[...names].join(", ")}`,
    });
  }
  return stacks;
}
